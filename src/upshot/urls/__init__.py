"""URLs of stores: taking them apart, and showing them without their secrets."""

from upshot.urls.masking import HIDDEN, is_secret_name, mask, shown
from upshot.urls.parsing import Url, parse

__all__ = ["HIDDEN", "Url", "is_secret_name", "mask", "parse", "shown"]
