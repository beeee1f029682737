/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What becomes of a frame. */
#pragma once
#include "cache.h"

#define MOST 65672 /* bytes of a frame that user space gets; the largest that there are */
#define HALF 32768
#define SYN 2
#define FIN 1
#define RST 4

// Gives the first n bytes of the frame, in the least of some sizes: a ring takes only sizes that are
// known when the program is loaded.
#define SIZE(most)                                                                              \
	if (n <= most) {                                                                        \
		struct {                                                                        \
			struct record record;                                                   \
			__u8 frame[most];                                                       \
		} *s = bpf_ringbuf_reserve(ring, sizeof(*s), 0);                                \
		if (!s)                                                                         \
			return 0;                                                               \
		s->record = *r;                                                                 \
		forget(n);                                                                      \
		if ((int)n < 1 || n > most || !copy(ctx, 0, s->frame, n)) {      \
			bpf_ringbuf_discard(s, BPF_RB_NO_WAKEUP);                               \
			return 0;                                                               \
		}                                                                               \
		bpf_ringbuf_submit(s, BPF_RB_NO_WAKEUP);                                        \
		return 1;                                                                       \
	}

/* One call loads at most 65535 bytes. */
INLINE int give_large(CTX *ctx, void *ring, struct record *r, __u32 n)
{
	struct {
		struct record record;
		__u8 first[HALF], rest[MOST - HALF];
	} *s = bpf_ringbuf_reserve(ring, sizeof(*s), 0);
	if (!s)
		return 0;
	s->record = *r;
	n -= HALF;
	forget(n);
	if ((int)n < 1 || n > MOST - HALF || !copy(ctx, 0, s->first, HALF) || !copy(ctx, HALF, s->rest, n)) {
		bpf_ringbuf_discard(s, BPF_RB_NO_WAKEUP);
		return 0;
	}
	bpf_ringbuf_submit(s, BPF_RB_NO_WAKEUP);
	return 1;
}

APART int give(CTX *ctx, __u32 number, struct record *r)
{
	void *ring = bpf_map_lookup_elem(&rings, &number);
	if (!ring || !r)
		return 0;
	__u32 n = r->given;
	SIZE(104)
	SIZE(256)
	SIZE(640)
	SIZE(1544)
	SIZE(4096)
	SIZE(9216)
	SIZE(HALF)
	return give_large(ctx, ring, r, n);
}

INLINE int look(struct place *at, const struct packet *p, __u32 cpu)
{
	__u32 hash = hash_of(at, p), n = (__u64)hash * set_count >> 32;
	n = at->number = (cpu * ring_count + at->ring) * set_count + n;
	at->first = hash ^ ((__u32)p->pair < p->pair >> 32);
	at->set = bpf_map_lookup_elem(&table, &n);
	return !!at->set;
}

// The entry of a packet, a new one if need be; none where the counters of another would be lost.
INLINE struct entry *enter(struct place *at, const struct packet *p, struct tally *t, __u32 ifindex)
{
	struct entry *e = find(at, p);
	if (e && !(p->proto == IP_TCP && p->flags & SYN && verdict(e) != MORE))
		return e;
	if (!e) {
		e = oldest(at);
		if (e->generation)
			t->evicted++;
	}
	if (!emit(at, e))
		return 0;
	begin(at, e, p, ifindex);
	return e;
}

// How many bytes of the frame user space gets: all, the headers or none.
INLINE __u32 wanted(const struct entry *e, const struct packet *p, __u64 silent)
{
	__u32 v = verdict(e);
	if (v == MORE)
		return MOST;
	if (v == HEADERS || silent > SILENCE)
		return p->head;
	if (p->proto == IP_TCP && (p->flags & (FIN | RST) || e->closing || (p->load && p->seq != e->high)))
		return p->head;
	return 0;
}

INLINE void advance(struct entry *e, const struct packet *p)
{
	if (p->proto != IP_TCP)
		return;
	__u32 end = p->seq + p->load + (p->flags & SYN ? 1 : 0);
	if ((int)(end - e->high) > 0)
		e->high = end;
}

INLINE void count(struct entry *e, const struct packet *p)
{
	e->packets++;
	e->bytes += p->size;
	e->payload += p->load;
}

// Counts a packet that nobody gets.
INLINE void keep(struct entry *e, const struct packet *p, struct tally *t)
{
	advance(e, p);
	count(e, p);
	t->counted++;
	t->counted_bytes += p->wire;
}

// Hands a frame over, or says that there was no room.
INLINE void hand(CTX *ctx, const struct place *at, struct record *r, struct entry *e, const struct packet *p, struct tally *t)
{
	if (e) {
		r->place = place_of(at, e);
		r->verdict = verdict(e);
		r->ends = p->proto == IP_TCP && p->flags & (FIN | RST);
		tell(r, e);
		advance(e, p);
	}
	r->time = bpf_ktime_get_ns();
	if (give(ctx, at->ring, r)) {
		t->given++;
		return;
	}
	t->full++;
	if (!e) {
		t->missed++;
		return;
	}
	count(e, p);
	t->lost++;
	t->lost_bytes += r->wire;
}

/* The coarse clock, which the kernel moves once a tick. */
INLINE __u64 clock(struct tally *t)
{
	__u64 tick = bpf_jiffies64();
	if (t->tick != tick) {
		t->tick = tick;
		t->now = bpf_ktime_get_coarse_ns();
	}
	return t->now;
}

INLINE void take(CTX *ctx, const struct packet *p, int known, struct place *at, __u32 cpu, struct tally *t)
{
	struct entry *e = 0;
	__u32 wants = MOST;
	if (known) {
		e = look(at, p, cpu) ? enter(at, p, t, port(ctx)) : 0;
		if (!e) {
			t->missed++;
			t->full++;
			return;
		}
		__u64 now = clock(t), silent = now - e->last;
		e->last = now;
		wants = wanted(e, p, silent);
		if (p->proto == IP_TCP && p->flags & (FIN | RST))
			closing(at, p);
		if (!wants) {
			keep(e, p, t);
			return;
		}
	}
	__u32 wire = length(ctx) + behind(ctx);
	struct record r = {.wire = wire, .given = wants < wire ? wants : wire, .ifindex = port(ctx), .kind = FRAME, .tag = tag_beside(ctx)};
	hand(ctx, at, &r, e, p, t);
}

INLINE int mirror_frame(CTX *ctx)
{
	struct packet p;
	__u32 cpu = bpf_get_smp_processor_id();
	int known = parse(ctx, &p);
	struct place at = {.pair = hash_pair(p.pair)};
	at.ring = (at.pair >> 32) * ring_count >> 32;
	__u32 row = cpu * ring_count + at.ring;
	struct tally *t = bpf_map_lookup_elem(&totals, &row);
	if (!t)
		return verdict_of_a_frame;
	take(ctx, &p, known, &at, cpu, t);
	return verdict_of_a_frame == XDP_DROP && t->lend ? XDP_PASS : verdict_of_a_frame;
}
