"""All addresses: pages, log-in and the API."""

from django.urls import URLPattern, URLResolver, include, path

from fangxian.surfaces.api.api import api
from fangxian.surfaces.web import urls as web

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/v1/", api.urls),
    path("accounts/", include("allauth.account.urls")),
    path("accounts/2fa/", include("allauth.mfa.urls")),
    *web.urlpatterns,
]
