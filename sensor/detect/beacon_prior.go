package detect

// prior is the upper tail of one statistic over series of chance.
type prior struct{ q90, q99, excess float64 }

// beaconPriors holds the tails by number of intervals; a series uses the row with
// the next lower number, whose tails are heavier. They come from 8,000 series of
// each of eight families of chance at a fixed seed:
//
//	go test ./sensor/detect -run BeaconPriors -calibrate -v
//
// prints the table, and without -calibrate the test compares a part of it.
var beaconPriors = []struct {
	intervals int
	stats     [statCount]prior
}{
	{5, [statCount]prior{{-0.3333, 0.9123, 0.543}, {-1.738, 0.3881, 0.804}, {1.285, 2.096, 0.295}, {-0.2409, -0.08904, 0.0252}}},
	{7, [statCount]prior{{1.098, 2.667, 0.039}, {-2.636, -0.746, 0.89}, {1.384, 2.078, 0.305}, {-0.3205, -0.1503, 0.0345}}},
	{11, [statCount]prior{{1.525, 2.667, 0.346}, {-3.998, -1.837, 0.819}, {1.296, 1.84, 0.231}, {-0.4045, -0.2292, 0.0403}}},
	{15, [statCount]prior{{1.703, 2.667, 0.239}, {-5.274, -2.942, 0.817}, {1.234, 1.7, 0.188}, {-0.4511, -0.2735, 0.0407}}},
	{23, [statCount]prior{{1.959, 2.927, 0.295}, {-7.389, -4.495, 1.07}, {1.183, 1.575, 0.133}, {-0.5031, -0.3327, 0.0385}}},
	{31, [statCount]prior{{2.145, 3.083, 0.336}, {-8.129, -5.168, 1.05}, {1.164, 1.537, 0.0988}, {-0.5371, -0.3672, 0.0363}}},
	{47, [statCount]prior{{2.464, 3.634, 0.269}, {-10.92, -7.25, 1.36}, {1.169, 1.506, 0.0819}, {-0.5757, -0.4073, 0.0331}}},
	{63, [statCount]prior{{2.73, 4.018, 0.334}, {-12.93, -8.893, 1.39}, {1.167, 1.494, 0.0618}, {-0.5525, -0.3986, 0.028}}},
}
