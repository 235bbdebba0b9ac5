import Measures

/// The Gilbert–Elliott chain with its probabilities as 32-bit thresholds.
///
/// What happens to segment i is a function of the link's key, i and the state before it, and needs
/// no floating-point arithmetic: the same on every machine, however segments are grouped into
/// messages.
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

  /// True if the chain is in its bad state when it is met after a long time.
  func isBad(_ random: RandomStream, _ index: UInt64) -> Bool {
    random.value(at: index) >> 32 < badShare
  }

  /// Sends `count` segments from value `first` of the stream on; counts the lost and names the
  /// last.
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

/// Loss of segments in bursts: a Markov chain of a good and a bad state (Gilbert 1960, Elliott
/// 1963).
///
/// Before each segment the chain moves, then the segment is lost with the probability of the state
/// it is in. The four numbers are those of netem's `loss gemodel p r 1-h 1-k`.
public struct GilbertElliott: Hashable, Sendable {
  /// The probability of going from good to bad before a segment, p.
  public var enterBad: Double
  /// The probability of going from bad to good before a segment, r.
  public var leaveBad: Double
  /// The probability of losing a segment in the bad state, 1 − h.
  public var lossInBad: Double
  /// The probability of losing a segment in the good state, 1 − k.
  public var lossInGood: Double

  /// The chain of these four probabilities.
  public init(enterBad: Double, leaveBad: Double, lossInBad: Double = 1, lossInGood: Double = 0) {
    self.enterBad = enterBad
    self.leaveBad = leaveBad
    self.lossInBad = lossInBad
    self.lossInGood = lossInGood
  }

  /// Nothing is lost.
  public static var none: Self { Self(enterBad: 0, leaveBad: 1, lossInBad: 0, lossInGood: 0) }

  /// Each segment is lost with probability `rate`, whatever happened to the others.
  public static func independent(rate: Double) -> Self {
    Self(enterBad: 0, leaveBad: 1, lossInBad: 0, lossInGood: rate)
  }

  /// A long-run loss of `rate`, in bursts of `meanLength` ≥ 1 segments that are all lost.
  public static func bursts(rate: Double, meanLength: Double) -> Self {
    Self(enterBad: rate / (1 - rate) / meanLength, leaveBad: 1 / meanLength)
  }

  /// The share of time in the bad state, p / (p + r).
  public var badShare: Double {
    enterBad > 0 ? enterBad / (enterBad + leaveBad) : 0
  }

  /// The share of segments lost in the long run.
  public var lossRate: Double { badShare * lossInBad + (1 - badShare) * lossInGood }

  /// The mean number of segments from entering the bad state to leaving it, 1 / r.
  public var meanBadLength: Double { 1 / leaveBad }

  /// Loss events per segment, where the losses of one stay in the bad state are one event.
  ///
  /// This is the p of Mathis et al. (1997), who count several drops within a window as one signal.
  public var eventRate: Double {
    guard enterBad > 0 else { return lossInGood }
    guard leaveBad > 0 else { return lossInBad }
    let spared = leaveBad * (1 - lossInBad) / (1 - (1 - leaveBad) * (1 - lossInBad))
    return (1 - badShare) * (enterBad * (1 - spared) + lossInGood)
  }

  /// True if all four numbers are probabilities.
  public var isValid: Bool {
    [enterBad, leaveBad, lossInBad, lossInGood].allSatisfy { (0...1).contains($0) }
  }
}
