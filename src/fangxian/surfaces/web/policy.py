"""What a page may load and run: our own files, and nothing written into the page. So a name or a
note that slipped through as markup still cannot act."""

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.deprecation import MiddlewareMixin

# Leaflet, ECharts and Swagger UI set styles from script (CSSOM), which 'self' allows; their
# pictures are data: addresses.
POLICY = "; ".join(
    [
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "form-action 'self'",
    ]
)


PERMISSIONS = ", ".join(
    [
        "camera=(self)",
        "geolocation=(self)",
        *(f"{name}=()" for name in ("microphone", "payment", "usb", "serial", "midi")),
    ]
)


class PolicyMiddleware(MiddlewareMixin):
    """Puts the policy on every answer, static files and refusals too; so it stands first."""

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        response.headers["Content-Security-Policy"] = POLICY
        response.headers["Permissions-Policy"] = PERMISSIONS
        kind = response.headers.get("Content-Type", "")
        if kind.startswith("text/html") and getattr(request, "user_is_known", False):
            # what stood on a shared machine is not in its cache; phone pages are kept for the road
            kept = "no-cache" if request.path.startswith("/m/") else "no-store"
            response.headers.setdefault("Cache-Control", f"private, {kept}")
        return response
