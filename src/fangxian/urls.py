"""All addresses: pages, log-in and the API."""

from django.urls import include, path

urlpatterns = []
