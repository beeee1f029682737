package proto

import (
	"testing"

	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/google/go-cmp/cmp"
)

func TestRedis(t *testing.T) {
	d := readDialogue(t, "testdata/redis/hit.hex")
	want := []*Redis{
		{Command: "CONFIG SET", Setting: "dir"},
		{Command: "CONFIG GET", Error: true},
		{Command: "EVAL"},
		{Command: "REPLICAOF"},
	}
	if d := cmp.Diff(want, hear[*Redis](&redisParser{}, d)); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
	logins := []*event.Login{
		{Protocol: "redis", Method: "password", Outcome: event.Failure, Clear: true, Attempt: 1},
		{Protocol: "redis", Method: "password", User: "ann", Outcome: event.Success, Clear: true, Attempt: 2},
	}
	if d := cmp.Diff(logins, hear[*event.Login](&redisParser{}, d)); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}
