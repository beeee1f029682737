//go:build ignore
// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause

// Mirror counts the packets of a mirror port where they arrive. User space gets whole frames of a
// direction until it has enough of it, in the order in which they came, through the ring of the
// pair of addresses; after that only what opens and ends a conversation, what is out of order and
// what follows a silence. Every packet is in exactly one place: in a ring, in the counters of an
// entry, or among those that were missed.

#include "headers/cache.h"

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
		if (n == 0 || n > most || bpf_xdp_load_bytes(ctx, 0, s->frame, n)) {            \
			bpf_ringbuf_discard(s, BPF_RB_NO_WAKEUP);                               \
			return 0;                                                               \
		}                                                                               \
		bpf_ringbuf_submit(s, BPF_RB_NO_WAKEUP);                                        \
		return 1;                                                                       \
	}

APART int give(struct xdp_md *ctx, __u32 number, struct record *r)
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
	SIZE(16384)
	SIZE(65672)
	return 0;
}

INLINE int look(struct place *at, const struct packet *p, __u32 ring, __u32 cpu)
{
	at->ring = bpf_map_lookup_elem(&rings, &ring);
	__u32 n = at->number = (cpu * ring_count + ring) * set_count + set_of(p);
	at->set = bpf_map_lookup_elem(&table, &n);
	at->wide = bpf_map_lookup_elem(&wide, &n);
	return at->ring && at->set && at->wide;
}

// The entry of a packet, a new one if need be; none where the counters of another would be lost.
INLINE struct entry *enter(struct place *at, const struct packet *p, struct tally *t, __u32 ifindex)
{
	struct entry *e = find(at, p);
	if (e && !(p->proto == IP_TCP && p->flags & SYN && verdict(e) != MORE))
		return e;
	if (!e) {
		e = oldest(at->set);
		if (e->generation)
			t->evicted++;
	}
	if (!emit(at, e))
		return 0;
	begin(at, e, p, ifindex);
	return e;
}

// How many bytes of the frame user space gets: all, the headers or none.
INLINE __u32 wanted(const struct entry *e, const struct packet *p, __u32 wire, __u64 silent)
{
	__u32 v = verdict(e);
	if (v == MORE)
		return wire;
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

SEC("xdp.frags")
int mirror(struct xdp_md *ctx)
{
	struct packet p = {};
	__u32 wire = bpf_xdp_get_buff_len(ctx), cpu = bpf_get_smp_processor_id();
	int known = parse(ctx, wire, &p);
	__u32 ring = ring_of(&p), row = cpu * ring_count + ring;
	struct tally *t = bpf_map_lookup_elem(&totals, &row);
	struct place at;
	if (!t || !look(&at, &p, ring, cpu))
		return verdict_of_a_frame;
	t->seen++;
	t->seen_bytes += wire;
	struct record r = {.wire = wire, .given = wire, .ifindex = ctx->ingress_ifindex, .kind = FRAME};
	struct entry *e = 0;
	if (known) {
		e = enter(&at, &p, t, r.ifindex);
		if (!e) {
			t->missed++;
			t->full++;
			return verdict_of_a_frame;
		}
		__u64 now = bpf_ktime_get_coarse_ns(), silent = now - e->last;
		e->last = now;
		r.given = wanted(e, &p, wire, silent);
		if (p.proto == IP_TCP && p.flags & (FIN | RST))
			closing(&at, &p);
		r.place = place_of(&at, e);
		r.verdict = verdict(e);
		tell(&r, e);
		advance(e, &p);
		if (!r.given) {
			count(e, &p);
			t->counted++;
			t->counted_bytes += wire;
			return verdict_of_a_frame;
		}
	}
	if (r.given > 65672)
		r.given = 65672;
	r.time = bpf_ktime_get_ns();
	if (give(ctx, ring, &r)) {
		t->given++;
		return verdict_of_a_frame;
	}
	t->full++;
	if (e) {
		count(e, &p);
		t->lost++;
		t->lost_bytes += wire;
	} else {
		t->missed++;
	}
	return verdict_of_a_frame;
}

// Only reads the frame: what that costs is measured by itself.
SEC("xdp.frags")
int parse_only(struct xdp_md *ctx)
{
	struct packet p = {};
	return parse(ctx, bpf_xdp_get_buff_len(ctx), &p) + (p.pair & 1);
}

char _license[] SEC("license") = "Dual BSD/GPL";
