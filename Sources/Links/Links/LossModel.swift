import Measures

/// The Gilbert–Elliott chain with its probabilities as 32-bit thresholds.
///
/// What happens to segment i is a function of the link's key, i and the state before it, and needs no
/// floating-point arithmetic: the same on every machine, however segments are grouped into messages.
struct LossModel: Sendable {
  private let enterBad: UInt64
  private let leaveBad: UInt64
  private let lossInBad: UInt64
  private let lossInGood: UInt64
  private let badShare: UInt64

  init(_ chain: GilbertElliott) {
    enterBad = Self.threshold(chain.enterBad)
    leaveBad = Self.threshold(chain.leaveBad)
    lossInBad = Self.threshold(chain.lossInBad)
    lossInGood = Self.threshold(chain.lossInGood)
    badShare = Self.threshold(chain.badShare)
  }

  /// Whether the chain is in its bad state when it is met after a long time.
  func isBad(_ random: RandomStream, _ index: UInt64) -> Bool {
    random.value(at: index) >> 32 < badShare
  }

  /// Sends `count` segments from value `first` of the stream on; counts the lost and names the last.
  func send(
    _ count: Int, from first: UInt64, isBad: inout Bool, _ random: RandomStream
  ) -> (lost: Int, last: Int) {
    var lost = 0
    var last = -1
    for offset in 0..<count {
      let bits = random.value(at: first &+ UInt64(offset))
      isBad = bits >> 32 < (isBad ? leaveBad : enterBad) ? !isBad : isBad
      if bits & 0xFFFF_FFFF < (isBad ? lossInBad : lossInGood) {
        lost += 1
        last = offset
      }
    }
    return (lost, last)
  }

  private static func threshold(_ probability: Double) -> UInt64 {
    UInt64((probability * 0x1p32).rounded())
  }
}
