/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Finding, making and evicting entries. */
#pragma once
#include "table.h"

/* The place of a packet: its ring, and its set in all tables. */
struct place {
	struct set *set;
	__u64 pair; /* of addresses, and nothing else */
	__u32 number; /* of the set */
	__u32 ring;
	__u32 first; /* way that is looked at first: mostly it is the right one */
};

#define way_of(at, i) (((at)->first ^ (i)) & (WAYS - 1))

/* The IPv6 addresses of a way of the set, 0 never. */
INLINE __u32 *addresses(const struct place *at, __u32 way)
{
	struct wide_set *w = bpf_map_lookup_elem(&wide, &at->number);
	return w ? w->way[way & (WAYS - 1)] : 0;
}

#define turn(pair) ((pair) << 32 | (pair) >> 32) /* the other direction's */

/* Neither sum nor difference knows which address or port came first, so both directions meet in
 * one set. A secret multiplier alone would lay addresses and ports that follow each other at equal
 * steps, which for one start in a hundred means half of 65,536 on full sets: so what it made is
 * folded and multiplied once more, and the upper bits count. */
INLINE __u64 mixed(__u64 h) { return (h ^ h >> 32) * (seed >> 17 | seed << 47 | 1); }

INLINE __u64 hash_pair(__u64 pair)
{
	return mixed(((pair ^ turn(pair)) << 32 | (__u32)(pair + (pair >> 32))) * (seed | 1));
}

INLINE __u32 hash_of(const struct place *at, const struct packet *p)
{
	__u32 other = p->ports << 16 | p->ports >> 16;
	__u64 rest = (__u64)p->proto << 32 | ((p->ports ^ other) << 16 | (__u16)(p->ports + other));
	return mixed(at->pair + rest * (seed >> 31 | seed << 33 | 1)) >> 32;
}

/* 0 where an entry is that of a packet; of IPv6 its addresses are to be compared, too. */
INLINE __u64 differs(const struct entry *e, const struct packet *p)
{
	return (e->pair ^ p->pair) | (e->ports ^ p->ports) | (e->tags ^ p->tags) | (e->proto ^ p->proto) | (e->version ^ p->version);
}

INLINE int same_addresses(const struct place *at, const struct packet *p, __u32 way)
{
	__u32 *a = addresses(at, way), d = 0;
	if (!a)
		return 0;
#pragma unroll
	for (int i = 0; i < 8; i++)
		d |= a[i] ^ p->addr[i];
	return !d;
}

INLINE struct entry *find(const struct place *at, const struct packet *p)
{
#pragma unroll
	for (int i = 0; i < WAYS; i++) {
		__u32 way = way_of(at, i);
		if (differs(&at->set->way[way], p))
			continue;
		return p->version == 4 || same_addresses(at, p, way) ? &at->set->way[way] : 0;
	}
	return 0;
}

INLINE __u32 place_of(const struct place *at, const struct entry *e)
{
	return at->number * WAYS + (e - at->set->way);
}

INLINE void tell(struct record *r, const struct entry *e)
{
	r->generation = e->generation;
	r->bytes = e->bytes;
	r->payload = e->payload;
	r->packets = e->packets;
	r->high = e->high;
}

/* Says what an entry has counted; 0 where the ring is full. */
INLINE int emit(const struct place *at, struct entry *e)
{
	if (!e->packets)
		return 1;
	void *ring = bpf_map_lookup_elem(&rings, &at->ring);
	__u32 *a = addresses(at, e - at->set->way);
	if (!ring || !a)
		return 0;
	struct counters *c = bpf_ringbuf_reserve(ring, sizeof(*c), 0);
	if (!c)
		return 0;
	__builtin_memset(c, 0, sizeof(c->record));
	c->record.time = e->last;
	c->record.kind = COUNTERS;
	c->record.place = place_of(at, e);
	c->record.ifindex = e->ifindex;
	tell(&c->record, e);
	c->entry = *e;
	__builtin_memcpy(c->wide, a, sizeof(c->wide));
	bpf_ringbuf_submit(c, BPF_RB_NO_WAKEUP);
	return 1;
}

/* The place that makes room: an empty one, else the one that was silent longest. */
INLINE struct entry *oldest(const struct place *at)
{
	struct entry *e = &at->set->way[way_of(at, 0)];
#pragma unroll
	for (int i = 1; i < WAYS; i++) {
		struct entry *other = &at->set->way[way_of(at, i)];
		if (other->last < e->last)
			e = other;
	}
	return e;
}

/* Begins an entry in a place whose counters were told. User space does not believe an entry while
 * its generation is 0. */
INLINE void begin(const struct place *at, struct entry *e, const struct packet *p, __u32 ifindex)
{
	__u32 generation = (e->generation + 1) & 0x3fffffff;
	e->generation = 0;
	order();
	e->pair = p->pair;
	e->ports = p->ports;
	e->tags = p->tags;
	e->proto = p->proto;
	e->version = p->version;
	e->closing = 0;
	e->high = p->seq;
	e->bytes = e->payload = 0;
	e->packets = 0;
	e->ifindex = ifindex;
	__u32 *a = p->version == 6 ? addresses(at, e - at->set->way) : 0;
	if (a)
		__builtin_memcpy(a, p->addr, 32);
	order();
	e->generation = generation ? generation : 1;
}

INLINE __u32 verdict(const struct entry *e) { return e->order >> 2 == e->generation ? e->order & 3 : MORE; }

/* An end speaks: what the other direction has counted is told before that, and its last words will
 * be shown. A mistaken one, of addresses that fold alike, only tells more than it has to. */
INLINE void closing(const struct place *at, const struct packet *p)
{
#pragma unroll
	for (int i = 0; i < WAYS; i++) {
		struct entry *e = &at->set->way[i];
		if (e->pair != turn(p->pair) || e->ports != (p->ports << 16 | p->ports >> 16) || !e->generation)
			continue;
		emit(at, e);
		e->closing = 1;
	}
}
