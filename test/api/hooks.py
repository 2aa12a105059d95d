"""What schemathesis cannot know of a request from the API's description."""

import re
import secrets

import schemathesis


@schemathesis.hook
def before_call(context, case, kwargs):
    headers = case.headers or {}
    for name, value in list(headers.items()):
        # A nonce is good for one request; what is none stays as it is.
        if name.lower() == "request-nonce" and re.fullmatch(r"[A-Za-z0-9_-]{21}[AQgw]", value):
            headers[name] = secrets.token_urlsafe(16)
        # Who leaves no time gets 504, rightly.
        if name.lower() == "deadline-ms" and re.fullmatch(r"[0-9]{1,8}", value):
            headers[name] = str(60_000 + int(value) % 1000)
