"""The pages of accounts; making them is in spine/registry/accounts.py. Nobody signs up."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.contrib.auth.views import PasswordResetConfirmView
from django.http import HttpRequest, HttpResponse

from fangxian.spine.registry.accounts import password_was_set


class ClosedAccounts(DefaultAccountAdapter):  # type: ignore[misc]
    """No open sign-up."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """Failures count by name and address together: a stranger who fails with the duty
        officer's name does not shut him out."""
        name = super()._get_login_attempts_cache_key(request, **credentials)
        return f"{name}|{self.get_client_ip(request)}"


class SetPassword(PasswordResetConfirmView):
    """The page behind such a link. Setting it is recorded."""

    template_name = "web/set_password.html"
    success_url = "/accounts/login/"

    def form_valid(self, form: Any) -> HttpResponse:
        return password_was_set(self.user, lambda: super(SetPassword, self).form_valid(form))
