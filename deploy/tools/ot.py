"""ot.py serve ADDRESS: a controller that speaks Modbus (pymodbus) and S7 (snap7); ot.py DEED ADDRESS: what a client
does there: poll, bacnet-poll, modbus-write, modbus-sweep, s7-stop, bacnet-write, dnp3-operate."""
import os
import socket
import struct
import subprocess
import sys
import time


def modbus_serve(address):
    from pymodbus.datastore import ModbusDeviceContext, ModbusSequentialDataBlock, ModbusServerContext
    from pymodbus.server import StartTcpServer
    block = ModbusSequentialDataBlock(1, [17] * 200)
    StartTcpServer(ModbusServerContext(devices=ModbusDeviceContext(di=block, co=block, hr=block, ir=block), single=True), address=(address, 502))


def bacnet_serve(address):
    """Acknowledges every confirmed service."""
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind((address, 47808))
    while True:
        m, peer = s.recvfrom(1500)
        if len(m) > 10 and m[6] >> 4 == 0:
            s.sendto(bytes([0x81, 0x0a, 0, 9, 1, 0, 0x20, m[8], m[9]]), peer)


def dnp3_serve(address):
    """Answers every request with nothing but the indications."""
    listener = socket.create_server((address, 20000))
    while True:
        c, _ = listener.accept()
        while m := c.recv(300):
            c.sendall(dnp3_frame(1, 10, bytes([0xC0, 0xC0 | m[11] & 15, 0x81, 0, 0]), 0x44) if len(m) > 12 else b"")


def crc(data):
    """CRC-DNP, polynomial 0x3D65 mirrored."""
    c = 0
    for b in data:
        c ^= b
        for _ in range(8):
            c = c >> 1 ^ 0xA6BC if c & 1 else c >> 1
    return struct.pack("<H", c ^ 0xFFFF)


def dnp3_frame(to, source, user, control=0xC4):
    head = b"\x05\x64" + bytes([5 + len(user), control]) + struct.pack("<HH", to, source)
    out = head + crc(head)
    for i in range(0, len(user), 16):
        out += user[i:i + 16] + crc(user[i:i + 16])
    return out


def modbus(address):
    from pymodbus.client import ModbusTcpClient
    c = ModbusTcpClient(address)
    c.connect()
    return c


def poll(address, rounds=60):
    c = modbus(address)
    for n in range(rounds):
        c.read_holding_registers(0, count=20)
        c.read_coils(0, count=8)
        if n % 20 == 10:
            c.write_register(5, 20 + n % 3)
        time.sleep(1)


def modbus_write(address):
    c = modbus(address)
    for n in range(30):
        c.write_coil(n, False)
        c.write_register(n, 0)
        time.sleep(.2)


def modbus_sweep(address):
    c = modbus(address)
    for unit in range(1, 60):
        c.read_holding_registers(0, count=1, device_id=unit)


def s7_stop(address):
    import snap7
    c = snap7.client.Client()
    c.connect(address, 0, 2)
    c.plc_stop()
    time.sleep(1)


def bacnet_write(address):
    """WriteProperty of the present value of eight outputs, then ReinitializeDevice (clause 15.9, 16.4)."""
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    for n in range(8):
        apdu = bytes([0x00, 0x05, n, 15]) + b"\x0c" + struct.pack(">I", 1 << 22 | n) + b"\x19\x55\x3e\x44" + struct.pack(">f", 99) + b"\x3f\x39\x08"
        s.sendto(b"\x81\x0a" + struct.pack(">H", 6 + len(apdu)) + b"\x01\x04" + apdu, (address, 47808))
        time.sleep(.3)
    apdu = b"\x00\x05\x20\x14\x09\x00"
    s.sendto(b"\x81\x0a" + struct.pack(">H", 6 + len(apdu)) + b"\x01\x04" + apdu, (address, 47808))


def dnp3_operate(address):
    """Direct operate of five relays, then a cold restart (IEEE 1815 functions 5 and 13)."""
    c = socket.create_connection((address, 20000))
    for n in range(5):
        block = bytes([12, 1, 0x17, 1, n, 0x41, 1]) + struct.pack("<II", 100, 100) + b"\0"
        c.sendall(dnp3_frame(10, 1, bytes([0xC0, 0xC0 | n, 5]) + block))
        c.recv(300)
        time.sleep(.3)
    c.sendall(dnp3_frame(10, 1, bytes([0xC0, 0xC8, 13])))
    c.recv(300)


def s7_serve(address):
    import snap7
    server = snap7.server.Server() if hasattr(snap7, "server") else None
    server.start(102)
    while True:
        time.sleep(60)


def bacnet_poll(address, rounds=40):
    """Who-Is, then ReadProperty of the present value of ten inputs each second (clause 15.5, 16.10)."""
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.sendto(b"\x81\x0b\0\x0c\x01\x20\xff\xff\0\xff\x10\x08", (address, 47808))
    for n in range(int(rounds)):
        for point in range(10):
            apdu = bytes([0x00, 0x05, (n * 10 + point) & 255, 12]) + b"\x0c" + struct.pack(">I", point) + b"\x19\x55"
            s.sendto(b"\x81\x0a" + struct.pack(">H", 6 + len(apdu)) + b"\x01\x04" + apdu, (address, 47808))
            time.sleep(.01)
        time.sleep(1)


def iec104_station(address):
    import c104
    server = c104.Server(ip=address, port=2404)
    station = server.add_station(common_address=47)
    for n in range(5):
        station.add_point(io_address=11 + n, type=c104.Type.C_SC_NA_1)
    return server, station


def iec104(address):
    server, _ = iec104_station(address)
    server.start()
    time.sleep(120)


def iec104_orders(address):
    import c104
    client = c104.Client()
    station = client.add_connection(ip=address, port=2404, init=c104.Init.INTERROGATION).add_station(common_address=47)
    points = [station.add_point(io_address=11 + n, type=c104.Type.C_SC_NA_1) for n in range(5)]
    client.start()
    time.sleep(3)
    for point in points:
        point.value = True
        print(point.transmit(cause=c104.Cot.ACTIVATION))
        time.sleep(1)


def opcua(address):
    import asyncio
    from asyncua import Server

    async def serve():
        server = Server()
        await server.init()
        server.set_endpoint(f"opc.tcp://{address}:4840/")
        space = await server.register_namespace("urn:house")
        pump = await server.nodes.objects.add_object(space, "pump")
        for n in range(4):
            await (await pump.add_variable(space, f"v{n}", 1.0)).set_writable()
        async with server:
            await asyncio.sleep(120)
    asyncio.run(serve())


def opcua_orders(address):
    import asyncio
    from asyncua import Client

    async def write():
        async with Client(f"opc.tcp://{address}:4840/") as client:
            space = await client.get_namespace_index("urn:house")
            for n in range(4):
                node = await client.nodes.objects.get_child([f"{space}:pump", f"{space}:v{n}"])
                await node.write_value(90.0 + n)
                await asyncio.sleep(1)
    asyncio.run(write())


deed, where = sys.argv[1:3]
if deed == "serve":
    for kind in ("modbus", "s7", "bacnet", "dnp3"):
        subprocess.Popen([sys.executable, os.path.abspath(__file__), kind + "-serve", where])
else:
    globals()[deed.replace("-", "_")](where, *sys.argv[3:])
