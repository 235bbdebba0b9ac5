public import Measures

/// A bottleneck that whole transfers share fairly: a cell, a household, the broker's own uplink.
///
/// Processor sharing: at any time the transfers divide the capacity max-min fairly, each at most at
/// its own limit (its access link), as long TCP transfers of like round trips do. For simulations
/// that follow transfers; one that follows chunks lets them pass a `Link` in order of arrival, which
/// comes to the same within a chunk per transfer. Each change costs time linear in the transfers
/// that are open. Bytes are followed as real numbers, and times are rounded up to nanoseconds.
public struct SharedLink: Sendable {
  private struct Transfer: Sendable {
    let id: Int
    let limit: Double
    var left: Double
    var rate = 0.0
  }

  /// What all transfers have together.
  public private(set) var capacity: Bandwidth

  /// Open transfers, those of the lowest limit first, equal ones in the order of their start.
  private var transfers: [Transfer] = []
  private var now = VirtualTime.zero

  /// An idle bottleneck of a capacity above zero.
  public init(capacity: Bandwidth) {
    precondition(capacity.bitsPerSecond > 0, "a capacity of \(capacity.bitsPerSecond) bit/s")
    self.capacity = capacity
  }

  /// How many transfers are open.
  public var count: Int { transfers.count }

  /// When the next transfer ends if nothing changes before, and which.
  ///
  /// Of several that end together, the one with the lowest limit and then the earliest start.
  public var nextEnd: (time: Duration, transfer: Int)? {
    var first: (time: Double, id: Int)?
    for transfer in transfers {
      let time = transfer.left / transfer.rate
      if time < first?.time ?? .infinity { first = (time, transfer.id) }
    }
    guard let first else { return nil }
    let nanoseconds = VirtualTime(seconds: (first.time * 1e9).rounded(.up) * 1e-9)
    return ((now + nanoseconds).duration, first.id)
  }

  /// Opens a transfer under a number that isn't in use, with a limit of its own where it has one.
  public mutating func start(
    _ id: Int, size: ByteCount, limit: Bandwidth? = nil, at time: Duration
  ) {
    precondition(!transfers.contains { $0.id == id }, "transfer \(id) is open already")
    precondition(size.bytes >= 0, "a transfer of \(size.bytes) bytes")
    let limit = limit.map { $0.bitsPerSecond / 8 } ?? .infinity
    precondition(limit > 0, "transfer \(id) is limited to \(limit) bytes a second")
    advance(to: time)
    let place = transfers.partitioningIndex { $0.limit > limit }
    transfers.insert(Transfer(id: id, limit: limit, left: Double(size.bytes)), at: place)
    share()
  }

  /// Closes a transfer, ended or not, and says what was left of it; nil where it isn't open.
  public mutating func end(_ id: Int, at time: Duration) -> ByteCount? {
    advance(to: time)
    guard let index = transfers.firstIndex(where: { $0.id == id }) else { return nil }
    let left = transfers.remove(at: index).left
    share()
    // Times are whole nanoseconds: what is left of a transfer at its end is a rounding.
    return ByteCount(Int((left - 1e-3).rounded(.up)))
  }

  /// Changes what all have together, from a time on.
  public mutating func setCapacity(_ capacity: Bandwidth, at time: Duration) {
    precondition(capacity.bitsPerSecond > 0, "a capacity of \(capacity.bitsPerSecond) bit/s")
    advance(to: time)
    self.capacity = capacity
    share()
  }

  private mutating func advance(to time: Duration) {
    let time = max(now, VirtualTime(time))
    let seconds = (time - now).seconds
    now = time
    guard seconds > 0 else { return }
    for index in transfers.indices {
      transfers[index].left = max(0, transfers[index].left - transfers[index].rate * seconds)
    }
  }

  /// Fills from the lowest limit up: who needs less than an even share leaves the rest to the others.
  private mutating func share() {
    var left = capacity.bitsPerSecond / 8
    for index in transfers.indices {
      let rate = min(transfers[index].limit, left / Double(transfers.count - index))
      transfers[index].rate = rate
      left -= rate
    }
  }
}
