"""All addresses: pages, log-in and the API."""

from allauth.account import views
from django.urls import URLPattern, URLResolver, include, path

from fangxian.surfaces.api import openrosa
from fangxian.surfaces.api.api import api
from fangxian.surfaces.web import urls as web
from fangxian.wiring import SUBJECTS

# 404.html, 403.html and 403_csrf.html are found by their names
handler500 = "fangxian.surfaces.web.views.faults.broken"

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/v1/", api.urls),
    # of allauth's account pages only these: none of them sends mail
    path("accounts/login/", views.login, name="account_login"),
    path("accounts/logout/", views.logout, name="account_logout"),
    path("accounts/reauthenticate/", views.reauthenticate, name="account_reauthenticate"),
    path("accounts/password/change/", views.password_change, name="account_change_password"),
    path("accounts/2fa/", include("allauth.mfa.urls")),
    path("accounts/sessions/", include("allauth.usersessions.urls")),
    # no trailing slashes: ODK Collect appends just these
    path("odk/key/<str:token>/formList", openrosa.form_list),
    path("odk/key/<str:token>/forms/<str:code>.xml", openrosa.form_xml),
    path("odk/key/<str:token>/forms/<str:code>/manifest", openrosa.manifest),
    path("odk/key/<str:token>/forms/<str:code>/itemsets.csv", openrosa.itemsets),
    path("odk/key/<str:token>/submission", openrosa.submission),
    *web.urlpatterns,
    *(route for subject in SUBJECTS for route in subject.routes),
]
