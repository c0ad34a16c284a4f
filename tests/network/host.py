"""A host of the lab: started in a network namespace of its own, it makes the one interface, hands it to the lab and waits.

Usage: host.py SOCKET ADDRESS HOSTS. SOCKET is the number of an inherited socket to which the interface is sent; HOSTS
a file that takes the place of /etc/hosts here. The namespace goes when this process and all others in it have ended.
"""

import array
import fcntl
import os
import socket
import struct
import subprocess
import sys

TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000


def main():
    control = socket.socket(fileno=int(sys.argv[1]))
    tun = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH22x", b"lab0", IFF_TUN | IFF_NO_PI))
    for command in ("link set lo up", f"addr add {sys.argv[2]}/24 dev lab0", "link set lab0 up mtu 1400"):
        subprocess.run(["ip", *command.split()], check=True)
    subprocess.run(["mount", "--bind", sys.argv[3], "/etc/hosts"], check=True)
    control.sendmsg([b"up"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [tun]))])
    control.recv(1)  # until the lab is gone


if __name__ == "__main__":
    main()
