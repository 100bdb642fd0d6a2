"""Descriptions of errors that several operations of the API share, as message ids."""

from __future__ import annotations

from http import HTTPStatus

from webapp.translatable import N_

TOO_LARGE = N_("More than 10 MB, 25 megapixels, or 110 as a JPEG: `too_large`.")
UNREADABLE = N_(
    "The picture is empty (`empty_drawing`), damaged (`broken_picture`), or asks for too much work "
    "(`too_complex`)."
)

PICTURE_PROBLEMS = {
    HTTPStatus.BAD_REQUEST: N_(
        "Invalid request: `not_json`, `invalid_request`, `not_a_data_url`, "
        "`broken_base64`, `one_picture`, `unknown_model`."
    ),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: N_(
        "Neither JSON nor a form nor a picture file (`unsupported_media_type`), or a picture of a "
        "format that is not read (`unsupported_picture`)."
    ),
    HTTPStatus.UNPROCESSABLE_ENTITY: UNREADABLE,
    HTTPStatus.TOO_MANY_REQUESTS: N_(
        "Too many requests from this client: `too_many_requests`; wait as `Retry-After` says."
    ),
}
"""Errors of the operations that read a picture, by status."""
