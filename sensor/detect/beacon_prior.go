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
	{5, [statCount]prior{{0, 0, 0}, {-1.548, 0.3913, 0.803}, {1.285, 2.096, 0.295}, {-0.2409, -0.08904, 0.0252}}},
	{7, [statCount]prior{{0, 0, 0}, {-2.338, -0.6876, 0.947}, {1.384, 2.078, 0.305}, {-0.3205, -0.1503, 0.0345}}},
	{11, [statCount]prior{{-10, 0.3221, 0.42}, {-3.556, -1.578, 0.828}, {1.296, 1.84, 0.231}, {-0.4045, -0.2292, 0.0403}}},
	{15, [statCount]prior{{0.4768, 1.649, 0.35}, {-4.753, -2.406, 0.758}, {1.234, 1.7, 0.188}, {-0.4511, -0.2735, 0.0407}}},
	{23, [statCount]prior{{1.737, 2.812, 0.276}, {-6.857, -3.968, 1.1}, {1.183, 1.575, 0.133}, {-0.5031, -0.3327, 0.0385}}},
	{31, [statCount]prior{{2.045, 3.083, 0.286}, {-7.591, -4.619, 1.09}, {1.164, 1.537, 0.0988}, {-0.5371, -0.3672, 0.0363}}},
	{47, [statCount]prior{{2.425, 3.634, 0.273}, {-10.52, -6.934, 1.4}, {1.169, 1.506, 0.0819}, {-0.5757, -0.4073, 0.0331}}},
	{63, [statCount]prior{{2.717, 4.018, 0.332}, {-12.44, -8.564, 1.41}, {1.167, 1.494, 0.0618}, {-0.5525, -0.3986, 0.028}}},
}
