"""A cached property without a lock."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, Self, TypeVar, overload

_Value = TypeVar("_Value")


class cached_property(Generic[_Value]):  # as in functools
    """Like `functools.cached_property` of Python 3.12.

    Before, that holds one lock for all instances of a class: threads wait for each other's
    pages, and a process forked while another thread cleans waits for ever. Two threads may
    compute the same value; the last one stays.
    """

    def __init__(self, function: Callable[[Any], _Value]) -> None:
        self._function = function
        self.__doc__ = function.__doc__

    def __set_name__(self, owner: type[Any], name: str) -> None:
        self._name = name

    @overload
    def __get__(self, instance: None, owner: type[Any]) -> Self: ...
    @overload
    def __get__(self, instance: object, owner: type[Any]) -> _Value: ...
    def __get__(self, instance: object | None, owner: type[Any]) -> _Value | Self:
        if instance is None:
            return self
        value = self._function(instance)
        instance.__dict__[self._name] = value  # found there from now on
        return value
