"""Records to envelopes and back: serializers, compression, typed values, exceptions."""

from upshot.codec.codec import Codec

__all__ = ["Codec"]
