package journal

import "github.com/brandmelder/brandmelder/sensor/event"

// Delivery is what one consumer got in one go.
type Delivery struct {
	Delivered uint64
	Missing   uint64 // expired before they could be delivered
}

// Deliver hands what a consumer has not had yet to write, in batches, and moves
// its cursor behind each that was taken. After an error the same documents come
// again the next time. One process delivers to a consumer, whose name is a file.
func Deliver(dir, consumer string, write func([]event.Doc) error) (d Delivery, err error) {
	c, err := LoadCursor(dir, consumer)
	if err != nil {
		return d, err
	}
	for _, s := range []event.Series{event.Decisions, event.Telemetry} {
		for {
			docs, next, missing, err := batch(dir, s, c.Next[s])
			d.Missing += missing
			if err != nil {
				return d, err
			}
			if len(docs) == 0 {
				break
			}
			if err := write(docs); err != nil {
				return d, err
			}
			c.Next[s] = next
			if err := SaveCursor(dir, consumer, c); err != nil {
				return d, err
			}
			d.Delivered += uint64(len(docs))
		}
	}
	return d, nil
}

// batch reads the next documents of a series.
func batch(dir string, s event.Series, from uint64) (docs []event.Doc, next, missing uint64, err error) {
	missing, err = Read(dir, s, from, func(e Entry) bool {
		docs, next = append(docs, e.Doc), e.Seq+1
		return len(docs) < maxBatch
	})
	return docs, next, missing, err
}
