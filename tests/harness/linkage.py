"""What a program loads at each start."""
import re
import subprocess
import sys

# What belongs to helper processes: the network, its cryptography, the database.
HEAVY = re.compile(r"^lib(curl|ssl|crypto|gnutls|nss|nghttp|ssh|ldap|krb5|sqlite)")


def libraries(program):
    """File names of the shared libraries, those of libraries included: ["libc.so.6"]; none
    of a program that is linked statically."""
    tool = ["otool", "-L"] if sys.platform == "darwin" else ["ldd"]
    told = subprocess.run([*tool, program], check=True, stdout=subprocess.PIPE, text=True).stdout
    if "statically linked" in told:
        return []
    names = (line.split()[0].rsplit("/", 1)[-1] for line in told.splitlines() if line[0] == "\t")
    return [name for name in names if not re.match(r"ld-|linux-vdso|ld\.so", name)]


def heavy(program):
    return [name for name in libraries(program) if HEAVY.match(name)]
