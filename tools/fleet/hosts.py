"""Machines for the demonstration: network namespaces on a bridge where this process is root, else addresses of loopback."""
import ctypes
import os
import subprocess

CLONE_NEWNET = 0x40000000


class Hosts:
    """Use as a context; host(name) gives an address, and run(name, ...) starts a process there."""

    def __init__(self, names):
        self.names = list(names)
        self.real = os.geteuid() == 0
        self.prefix = f"fleet{os.getpid()}"
        self.made = []

    def __enter__(self):
        if self.real:
            try:
                self.make()
            except (OSError, subprocess.CalledProcessError) as error:
                print(f"fleet: no network namespaces here ({error}), addresses of loopback instead")
                self.__exit__()
                self.real = False
        return self

    def make(self):
        # Everything, the bridge too, is in a namespace of this process, and gone with it.
        if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        ip("link", "set", "lo", "up")
        ip("link", "add", "fleet", "type", "bridge")
        ip("addr", "add", "10.77.0.1/24", "dev", "fleet")
        ip("link", "set", "fleet", "up")
        for name in self.names:
            space = f"{self.prefix}-{name}"
            ip("netns", "add", space)
            self.made.append(space)
            ip("link", "add", f"v-{name}", "type", "veth", "peer", "name", "eth0", "netns", space)
            ip("link", "set", f"v-{name}", "master", "fleet", "up")
            ip("-n", space, "addr", "add", f"{self.address(name)}/24", "dev", "eth0")
            ip("-n", space, "link", "set", "eth0", "up")
            ip("-n", space, "link", "set", "lo", "up")

    def __exit__(self, *_):
        for space in self.made:
            subprocess.run(["ip", "netns", "del", space], stderr=subprocess.DEVNULL)
        self.made = []

    def address(self, name):
        number = 10 + self.names.index(name)
        return f"10.77.0.{number}" if self.real else f"127.77.0.{number}"

    def command(self, name, command):
        """The command as it is run on that machine."""
        inside = ["ip", "netns", "exec", f"{self.prefix}-{name}"] if self.real else []
        return inside + [str(c) for c in command]


def ip(*arguments):
    subprocess.run(["ip", *arguments], check=True, capture_output=True)
