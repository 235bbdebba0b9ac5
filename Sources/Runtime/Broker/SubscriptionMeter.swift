import Measures

/// The bytes that each subscriber sent of late, to find those that sent too much.
///
/// Each connection may send so many bytes at once and so many more each second; all together may
/// have so many outstanding.
package struct SubscriptionMeter {
  /// A connection to cut.
  package struct Verdict: Hashable, Sendable {
    /// The connection.
    package var descriptor: CInt
    /// It wasn't cut before.
    package var isNew: Bool

    /// A verdict of the given parts.
    package init(descriptor: CInt, isNew: Bool) {
      self.descriptor = descriptor
      self.isNew = isNew
    }
  }

  private struct Account {
    /// The bytes that it had sent in all when it was last looked at.
    var taken = 0
    /// The bytes that it may send now.
    var allowance: Double
    var counted: Duration
    var isCut = false
  }

  private let limits: ConnectionLimits
  private var accounts: [CInt: Account] = [:]

  /// A meter that knows of no connections yet.
  package init(_ limits: ConnectionLimits) { self.limits = limits }

  /// Takes in what all connections sent since they began, and tells which are to be cut.
  package mutating func take(_ readings: [CInt: Int], _ now: Duration) -> [Verdict] {
    let most = Double(limits.subscriptionBytes)
    var next: [CInt: Account] = [:]
    var outstanding = 0.0
    for (descriptor, taken) in readings {
      // One that sent less than it had before is another connection.
      let known = accounts[descriptor].flatMap { taken >= $0.taken ? $0 : nil }
      var account = known ?? Account(allowance: most, counted: now)
      let refill = (now - account.counted).seconds * Double(limits.subscriptionBytesPerSecond)
      account.allowance = min(most, account.allowance + refill) - Double(taken - account.taken)
      account.taken = taken
      account.counted = now
      outstanding += most - account.allowance
      next[descriptor] = account
    }
    var verdicts: [Verdict] = []
    if outstanding > Double(limits.allSubscriptionBytes)
      || next.values.contains(where: { $0.allowance < 0 })
    {
      for (descriptor, account) in next.sorted(by: { $0.value.allowance < $1.value.allowance }) {
        guard account.allowance < 0 || outstanding > Double(limits.allSubscriptionBytes) else {
          break
        }
        outstanding -= most - account.allowance
        verdicts.append(Verdict(descriptor: descriptor, isNew: !account.isCut))
        next[descriptor]?.isCut = true
      }
    }
    accounts = next
    return verdicts
  }
}
