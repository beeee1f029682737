package detect

import (
	"math"
	"math/rand/v2"
	"slices"
)

// freshLaws were committed before the score had seen them and are looked at once,
// with the score and all bars as they are then: see docs/eval-beacon.md.
var freshLaws = []law{
	// A gateway that pushes the calls of nurses: one when a patient rings, by chance and at
	// night less, and one when somebody has come, after a log-normal time; some ring again
	// soon. Several beds run at once, what comes within a second goes together, and none
	// is told of again because time has passed.
	inSeconds("calls of nurses", func(r *rand.Rand) func(float64) float64 {
		mean, comes, sigma := logUniform(r, 60, 1800), logUniform(r, 30, 480), .5+.7*r.Float64()
		again, soon, night := .1+.4*r.Float64(), logUniform(r, 120, 1800), logUniform(r, .15, .8)
		ring, due := 0.0, []float64(nil)
		return func(now float64) float64 {
			if ring < now+1 {
				ring = now + 1 + thinned(r, now+1, mean, func(at float64) float64 { return night + (1-night)*daylight(at) })
				for at := now; ; at += soon * r.ExpFloat64() {
					if at > now {
						due = append(due, at)
					}
					at += comes * math.Exp(sigma*r.NormFloat64())
					if due = append(due, at); r.Float64() > again {
						break
					}
				}
			}
			due = slices.DeleteFunc(due, func(at float64) bool { return at < now+1 })
			return slices.Min(append(due, ring)) - now
		}
	}),
	// A radiologist who opens studies: the time to read one is log-normal, far longer for
	// sections than for plain films, which a list keeps together; older images are opened
	// on the way, the telephone interrupts, and at night one waits for the next emergency.
	inSeconds("studies that are opened", func(r *rand.Rand) func(float64) float64 {
		plain, longer, sigma, stay := logUniform(r, 25, 180), logUniform(r, 3, 12), .4+.6*r.Float64(), .7+.28*r.Float64()
		older, look, interrupts, away := .1+.5*r.Float64(), logUniform(r, 5, 60), logUniform(r, .02, .2), logUniform(r, 300, 2400)
		emergency, sections := logUniform(r, 900, 7200), r.IntN(2) == 0
		return func(now float64) float64 {
			if r.Float64() < older {
				return 1.5 + look*math.Exp(.8*r.NormFloat64())
			}
			if r.Float64() > stay {
				sections = !sections
			}
			wait := 1.5 + plain*math.Exp(sigma*r.NormFloat64())
			if sections {
				wait *= longer
			}
			if r.Float64() < interrupts {
				wait += away * r.ExpFloat64()
			}
			if clock := math.Mod(8+now/3600, 24); clock < 7.5 || clock > 17.5 {
				wait += emergency * r.ExpFloat64()
			}
			return wait
		}
	}),
}

// daylight is how much is going on, 0 to 1, now s after eight in the morning.
func daylight(now float64) float64 {
	return max(0, math.Sin(math.Pi*(math.Mod(now/3600, 24)+1)/11))
}

// lookedLaws were held out in the place of heldOutLaws once those had been looked at, and
// have been looked at since.
var lookedLaws = []law{
	// A licence that floats: taken when somebody opens the program, given back when it
	// has not been used for a quarter of an hour, the least that FlexNet's TIMEOUT allows,
	// or when it is closed. Each is a call of its own; a day has hours of more and of less.
	inSeconds("floating licence", func(r *rand.Rand) func(float64) float64 {
		use, away, closes, held := logUniform(r, 120, 5400), logUniform(r, 300, 7200), .2+.6*r.Float64(), false
		return func(now float64) float64 {
			if held = !held; !held {
				return thinned(r, now, away, func(at float64) float64 { return .1 + .9*daylight(at) })
			}
			stay := use * math.Exp(.9*r.NormFloat64())
			if r.Float64() < closes {
				return stay
			}
			return stay + 900
		}
	}),
	// A telephone that is carried: its push connection begins anew when it goes to another
	// network or lies idle for longer than the firewall remembers (half an hour, or the two
	// of RFC 5382), and what comes in is fetched, with some answers after. At night it lies
	// still and wakes after one, two, four and then each six hours (Doze of Android).
	inSeconds("telephone that is carried", func(r *rand.Rand) func(float64) float64 {
		walks, comes, answers := logUniform(r, 300, 3600), logUniform(r, 240, 3600), .3+.4*r.Float64()
		idle, sleeps := []float64{1800, 3600, 7200}[r.IntN(3)], 0
		return func(now float64) float64 {
			if clock := math.Mod(8+now/3600, 24); clock < 6.5 || clock > 23 {
				sleeps++
				return 3600*min(math.Exp2(float64(sleeps-1)), 6) + 20*r.ExpFloat64()
			}
			if sleeps = 0; r.Float64() < answers {
				return 1.5 + 25*math.Exp(r.NormFloat64())
			}
			return min(walks*r.ExpFloat64(), comes*r.ExpFloat64(), idle)
		}
	}),
	// Doses from a cabinet: rounds at fixed hours, some minutes late, of a dozen patients
	// who take a minute or two each, and single ones by chance.
	inSeconds("doses from a cabinet", func(r *rand.Rand) func(float64) float64 {
		patients, each, single, left := 6+r.IntN(14), logUniform(r, 40, 180), .1+.3*r.Float64(), 0
		return func(float64) float64 {
			if left--; left >= 0 {
				return each * (.3 + r.ExpFloat64())
			}
			if r.Float64() < single {
				return 3600 * r.ExpFloat64()
			}
			left = patients
			return 4 * 3600 * (.7 + .6*r.Float64())
		}
	}),
	// A person who looks at one page again and again while waiting for a result: the
	// patience between two looks grows and is log-normal.
	inSeconds("waiting for a result", func(r *rand.Rand) func(float64) float64 {
		first, grows, sigma, looks, gap := logUniform(r, 20, 300), 1.05+.3*r.Float64(), .3+.5*r.Float64(), 4+r.IntN(12), 0.0
		done := 0
		return func(float64) float64 {
			if done++; done > looks || gap == 0 {
				done, gap = 0, first
				return logUniform(r, 1800, 10800)
			}
			gap *= grows
			return gap * logUniform(r, .6, 1.6) * (1 + sigma*r.Float64())
		}
	}),
	// Three ways of polling that adapt, as their makers describe them, fixed times
	// included. A queue of jobs that is polled: at once after a job, else after a time that is
	// drawn up to a limit which doubles to a cap (the random exponential back-off of
	// Azure's queue triggers). Jobs come by chance, mostly before the cap: else it is a timer.
	inSeconds("queue that is polled", func(r *rand.Rand) func(float64) float64 {
		jobs, works := logUniform(r, 60, 1800), logUniform(r, 2, 60)
		cap, limit, next := jobs*logUniform(r, 1, 4), 2.0, jobs*r.ExpFloat64()
		return func(now float64) float64 {
			if now >= next {
				limit, next = 2, now+jobs*r.ExpFloat64()
				return works * math.Exp(.7*r.NormFloat64())
			}
			limit = min(2*limit, cap)
			return limit * (.5 + .5*r.Float64())
		}
	}),
	// A question that the server holds until there is something to say, at most for its
	// limit (RFC 6202: half a minute to two), and that is asked anew when the answer is
	// read; talk comes in groups.
	inSeconds("question that is held", func(r *rand.Rand) func(float64) float64 {
		limit, quiet, busy, stay := []float64{30, 60, 90, 120}[r.IntN(4)], logUniform(r, .1, .5), logUniform(r, .03, .1), .6+.35*r.Float64()
		talks := false
		return func(float64) float64 {
			if r.Float64() > stay {
				talks = !talks
			}
			mean := quiet
			if talks {
				mean = busy
			}
			return min(limit*mean*r.ExpFloat64(), limit) + .3 + 2*r.ExpFloat64()
		}
	}),
	// A reader that comes more often when it found something new and more seldom when
	// not (RSS readers, clients that keep copies): the wait is halved or grows by a half,
	// within limits.
	inSeconds("reader that adapts", func(r *rand.Rand) func(float64) float64 {
		least, news := logUniform(r, 20, 120), logUniform(r, 300, 3600)
		most := 6 * news
		wait := least
		return func(now float64) float64 {
			found := r.Float64() < 1-math.Exp(-wait/news*(.1+.9*daylight(now)))
			if wait = min(1.5*wait, most); found {
				wait = max(wait/3, least)
			}
			return wait * (.9 + .2*r.Float64())
		}
	}),
	// Loads of a steriliser, each of which is documented when it is out: one of three
	// programs, then a wait until the next load is full, of which there are few at night.
	inSeconds("loads of a steriliser", func(r *rand.Rand) func(float64) float64 {
		wait := logUniform(r, .8, 4) * 3000
		return func(now float64) float64 {
			cycle := []float64{2100, 3300, 4500}[r.IntN(3)] * (1 + .05*r.NormFloat64())
			return cycle + thinned(r, now+cycle, wait, func(at float64) float64 { return .2 + .8*daylight(at) })
		}
	}),
	// A thermometer that tells of a change only (send on delta): the temperature wanders
	// and is drawn back, is told of once it has left the latest told value by a step, and
	// jumps when the door is opened.
	inSeconds("thermometer that tells of a change", func(r *rand.Rand) func(float64) float64 {
		every, drawn, doors := logUniform(r, 5, 60), logUniform(r, .002, .05), logUniform(r, .001, .02)
		warm, told := 0.0, 0.0
		return func(float64) float64 {
			for passed := every; ; passed += every {
				if warm += .2*r.NormFloat64() - drawn*warm; r.Float64() < doors {
					warm += 2 * r.ExpFloat64()
				}
				if math.Abs(warm-told) >= 1 {
					told = warm
					return passed
				}
			}
		}
	}),
	// A door that asks a service whether a badge may pass: people come by chance, a few at
	// once, and many within the half hour in which one shift hands over to the next.
	inSeconds("door with badges", func(r *rand.Rand) func(float64) float64 {
		mean, crowd, more := logUniform(r, 60, 1200), logUniform(r, 2, 15), .2+.5*r.Float64()
		return func(now float64) float64 {
			if r.Float64() < more {
				return 2 + 8*r.ExpFloat64()
			}
			return thinned(r, now, mean/crowd, func(at float64) float64 {
				if math.Mod(8+at/3600, 8) < .5 { // shifts begin at eight, four and midnight
					return 1
				}
				return (.1 + .9*daylight(at)) / crowd
			})
		}
	}),
	// A reader of bar codes that calls at each use and once more when it falls asleep, five
	// or ten minutes after the latest; uses come in groups.
	inSeconds("reader that falls asleep", func(r *rand.Rand) func(float64) float64 {
		group, each, away := 2+8*r.Float64(), logUniform(r, 15, 120), logUniform(r, 600, 7200)
		sleep, slept := []float64{300, 600}[r.IntN(2)], false
		return func(float64) float64 {
			wait := each * r.ExpFloat64()
			if slept || r.Float64() < 1/group {
				wait = away * r.ExpFloat64()
			}
			if slept = !slept && wait > sleep; slept {
				return sleep
			}
			return wait
		}
	}),
	// An analyser of blood that asks for the order when a sample is put in and sends the
	// result when its time of analysis is over; samples come by chance, seldom at night.
	inSeconds("analyser of blood", func(r *rand.Rand) func(float64) float64 {
		takes, mean, runs := logUniform(r, 60, 300), logUniform(r, 200, 3600), false
		return func(now float64) float64 {
			if runs = !runs; runs {
				return takes + r.NormFloat64()
			}
			return 20 + thinned(r, now, mean, func(at float64) float64 { return .15 + .85*daylight(at) })
		}
	}),
	// Orders of meals from tablets at the beds: by chance within the two hours before each
	// of three meals, a few at other times, and now and then one that is changed at once.
	inSeconds("orders of meals", func(r *rand.Rand) func(float64) float64 {
		mean, other, changed := logUniform(r, 60, 900), logUniform(r, .01, .1), .1+.2*r.Float64()
		return func(now float64) float64 {
			if r.Float64() < changed {
				return 5 + 30*r.ExpFloat64()
			}
			return thinned(r, now, mean, func(at float64) float64 {
				if clock := math.Mod(8+at/3600, 24); clock > 9.5 && clock < 11.5 || clock > 15 && clock < 17 || clock > 6 && clock < 7.5 {
					return 1
				}
				return other
			})
		}
	}),
}
