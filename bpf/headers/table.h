/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The flow cache: what each direction of a conversation sent that was counted and not given. User
 * space reads the tables where they stand, so these structs are in sensor/capture/table.go too. */
#pragma once
#include "transport.h"

#define WAYS 4
#define SILENCE 5000000000ULL /* ns: the next packet of a direction is shown again */
#define MAX_RINGS 64

enum { MORE, HEADERS, STOP }; /* event.Verdict */

/* One direction, 64 bytes: one line of the processor's cache. */
struct entry {
	__u64 pair; /* as of a struct packet, up to version: IPv6 addresses stand in wide */
	__u32 ports, tags;
	__u8 proto;
	__u8 version; /* of IP, 0: nothing is here yet */
	__u8 closing; /* the other direction sent its FIN: the last words are shown */
	__u8 spare;
	__u32 generation; /* of what this place holds; 0 nothing yet */
	__u32 order; /* from user space: generation << 2 | verdict */
	__u32 high; /* TCP: behind the last byte, shown or counted */
	__u64 bytes; /* from the network header on */
	__u64 payload;
	__u64 last; /* ns of the coarse clock */
	__u32 packets;
	__u32 ifindex;
};

struct set {
	struct entry way[WAYS];
};

struct wide_set {
	__u32 way[WAYS][8];
};

/* What became of the packets of a processor that belong to a ring: each is in one of four. */
struct tally {
	__u64 given, counted, lost, missed; /* packets; lost: counted, but wanted; missed: in no entry either */
	__u64 counted_bytes; /* on the wire */
	__u64 tick, now; /* the coarse clock, ns, as it was read in this tick of the kernel: reading it costs as much as half of the rest */
	__u32 lend; /* from user space: the host gets the frames too, for a while */
	__u32 spare;
	__u64 lost_bytes;
	__u64 evicted; /* entries that made room */
	__u64 full; /* times the ring was full */
	__u64 rest[5];
};

/* What stands before a frame in a ring, or alone where kind is COUNTERS. */
struct record {
	__u64 time; /* ns of the monotonic clock */
	__u32 wire; /* bytes of the whole frame */
	__u32 given; /* of these, behind this record */
	__u32 place; /* of the entry in all tables; valid with generation */
	__u32 generation; /* 0: the frame has no entry */
	__u32 ifindex;
	__u8 kind;
	__u8 verdict; /* that was in force */
	__u8 ends; /* FIN or RST: what other processors have counted is of interest before it */
	__u8 spare;
	__u64 bytes, payload; /* of the entry so far, as packets and high */
	__u32 packets;
	__u32 high;
	__u32 tag; /* that stands beside the frame: EtherType << 16 | tag control, 0 none */
	__u32 spare2;
};

enum { FRAME, COUNTERS };

struct counters {
	struct record record;
	struct entry entry;
	__u32 wide[8];
};

struct ring {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, MAX_RINGS);
	__type(key, __u32);
	__array(values, struct ring);
} rings SEC(".maps");

/* Sizes of all maps are set when they are loaded. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct set);
} table SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct wide_set);
} wide SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct tally);
} totals SEC(".maps");

volatile const __u32 ring_count = 1;
volatile const __u32 set_count = 1; /* of one ring on one processor, a power of two */
volatile const __u64 seed = 0; /* nobody outside can choose flows that meet in one set */
volatile const __u32 verdict_of_a_frame = 2; /* XDP_PASS; XDP_DROP where a mirror is a copy; 0 of a socket, which never gets frames itself */
#define XDP_DROP 1
#define XDP_PASS 2
