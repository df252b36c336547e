"""The declarations of libghostty-vt that the engine uses, loaded without parsing the hundreds that it does not.

Importing `pyghostty` parses its whole header (about 0.2 s); a host that must be back quickly after a crash cannot
afford that. The declarations are still pyghostty's own text, so they always fit the library that it ships.
"""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from typing import Any, Final

from supervisor.errors import HostError

USED: Final = (
    "terminal_new terminal_free terminal_reset terminal_resize terminal_set terminal_get terminal_vt_write "
    "terminal_grid_ref grid_ref_hyperlink_uri grid_ref_cell grid_ref_row row_get cell_get "
    "terminal_grid_ref_track tracked_grid_ref_free tracked_grid_ref_point "
    "formatter_terminal_new formatter_format_buf formatter_free "
    "render_state_new render_state_free render_state_update render_state_get render_state_set render_state_clean "
    "render_state_row_iterator_new render_state_row_iterator_free render_state_row_iterator_next_dirty "
    "render_state_row_get render_state_row_set "
    "snapshot_encode_buf snapshot_decoder_new_buf snapshot_decoder_decode snapshot_decoder_free "
    "key_event_new key_event_set_action key_event_set_key key_event_set_mods key_event_set_consumed_mods "
    "key_event_set_utf8 key_event_set_unshifted_codepoint "
    "key_encoder_new key_encoder_setopt key_encoder_setopt_from_terminal key_encoder_encode "
    "mouse_event_new mouse_event_set_action mouse_event_set_button mouse_event_clear_button mouse_event_set_mods "
    "mouse_event_set_position mouse_encoder_new mouse_encoder_setopt mouse_encoder_setopt_from_terminal "
    "mouse_encoder_encode paste_encode"
).split()
# Types that are named only in comments of the header or cast to by name here.
_NAMED: Final = (
    "GhosttyColorRgb GhosttySizeReportSize GhosttyMouseEncoderSize GhosttyTerminalModeConfig GhosttyRenderStateCursor "
    "GhosttyTerminalDesktopNotification GhosttyTerminalBellFn GhosttyTerminalTitleChangedFn GhosttyTerminalWritePtyFn "
    "GhosttyTerminalXtversionFn GhosttyTerminalSizeFn GhosttyTerminalColorSchemeFn GhosttyTerminalPwdChangedFn "
    "GhosttyTerminalClipboardWriteFn GhosttyTerminalDesktopNotificationFn GhosttyTerminalUnknownSequenceFn "
    "GhosttyTerminalRenderHoldFn GhosttyCellsView GhosttyCellWide GhosttyTerminalScreen GhosttyMouseTrackingMode "
    "GhosttyTerminalCursorStyle GhosttyTerminalUnknownSequence GhosttyFormatterFormat GhosttyOptionAsAlt "
    "GhosttyRenderStateDirty GhosttyRenderStateRowOption GhosttyOscTerminator"
).split()
# A union cannot be passed by value through the foreign function interface; a struct of the same layout can.
_TWIN: Final = """
typedef struct { uint16_t x; uint32_t y; uint64_t _pad; } SupervisorPointValue;
typedef struct { GhosttyPointTag tag; SupervisorPointValue value; } SupervisorPoint;
"""
_DECLARATION: Final = re.compile(r";\n(?=\n*[^\s}])")
_NAME: Final = re.compile(r"\b[Gg]hostty\w+")


def _sources() -> tuple[str, Path]:
    spec = importlib.util.find_spec("pyghostty")
    if spec is None or spec.origin is None:
        raise HostError("pyghostty is not installed", fix="pip install pyghostty, or use the bittty engine")
    folder = Path(spec.origin).parent
    header = importlib.util.spec_from_file_location("_supervisor_ghostty_cdef", folder / "_cdef.py")
    if header is None or header.loader is None:
        raise HostError("the header of pyghostty is missing", where=str(folder), fix="reinstall pyghostty")
    module = importlib.util.module_from_spec(header)
    header.loader.exec_module(module)
    suffix = ".dylib" if sys.platform == "darwin" else ".so"
    return module.CDEF, folder / "_lib" / f"libghostty-vt{suffix}"


def declarations(header: str) -> str:
    """The part of `header` that declares `USED` and everything it needs, in the header's order."""
    texts = [f"{text.strip().removesuffix(';')};" for text in _DECLARATION.split(re.sub(r"/\*.*?\*/", "", header))]
    defined: dict[str, list[int]] = {}
    for at, text in enumerate(texts):
        for name in _defines(text):
            defined.setdefault(name, []).append(at)
    wanted, todo = set[int](), [*(f"ghostty_{name}" for name in USED), *_NAMED]
    seen = set[str]()
    while todo:
        name = todo.pop()
        if name in seen:
            continue
        seen.add(name)
        for at in defined.get(name, ()):
            if at not in wanted:
                wanted.add(at)
                todo += _NAME.findall(texts[at])
    return "\n".join(texts[at] for at in sorted(wanted))


def _defines(text: str) -> list[str]:
    """The names that one declaration introduces."""
    if text.startswith("typedef"):
        name = re.search(r"(\w+)\s*;\Z", text) or re.search(r"\(\*\s*(\w+)\)\s*\(", text)
        return [name[1]] if name else []
    if text.startswith("struct"):
        return [text.split()[1]]
    function = re.search(r"\b(ghostty_\w+)\s*\(", text)
    return [function[1]] if function else []


def _load() -> tuple[Any, Any]:
    from cffi import FFI

    header, library = _sources()
    ffi = FFI()
    ffi.cdef(declarations(header) + _TWIN)
    if ffi.sizeof("SupervisorPoint") != ffi.sizeof("GhosttyPoint"):
        raise HostError("pyghostty has another ABI than expected", fix="pip install 'pyghostty<0.2'")
    return ffi, ffi.dlopen(str(library))


ffi, lib = _load()
grid_ref: Any = ffi.cast(
    "GhosttyResult(*)(GhosttyTerminal, SupervisorPoint, GhosttyGridRef*)",
    ffi.addressof(lib, "ghostty_terminal_grid_ref"),
)
point_ref: Any = ffi.cast(
    "GhosttyResult(*)(GhosttyTerminal, SupervisorPoint, GhosttyTrackedGridRef*)",
    ffi.addressof(lib, "ghostty_terminal_grid_ref_track"),
)


def sized(name: str) -> Any:
    """A new struct whose `size` fields, nested ones too, are set as the library demands."""
    pointer = ffi.new(f"{name} *")
    _set_sizes(pointer)
    return pointer


def _set_sizes(pointer: Any) -> None:
    kind = ffi.typeof(pointer).item
    for name, field in kind.fields:
        if name == "size" and field.type.kind == "primitive":
            pointer.size = ffi.sizeof(kind)
        elif field.type.kind == "struct":
            _set_sizes(ffi.addressof(pointer[0], name))
