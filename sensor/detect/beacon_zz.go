package detect

const beaconJoin = 1500 * second / 1000
