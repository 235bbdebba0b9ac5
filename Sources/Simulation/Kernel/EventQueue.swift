import Links

/// The events of a discrete-event simulation, earliest first, equal times in the order of
/// insertion.
///
/// A binary heap of times, with the events beside it, so that moving an entry copies three words.
/// The order of insertion breaks ties, so that a run is reproducible, and `now` is the time of the
/// event taken last: the virtual clock. Events can't be withdrawn: give them a number that the
/// receiver compares with its current one.
///
/// All times are whole nanoseconds, those that links and devices compute with, so that what one of
/// them answers at `now` is never before it. Whatever is asked for finer is put off to the next
/// nanosecond, and what would lie before `now` happens now: there is no way to put an event into
/// the past.
public struct EventQueue<Event> {
  @usableFromInline
  struct Entry {
    /// Nanoseconds since the beginning.
    @usableFromInline var time: Int64
    @usableFromInline var sequence: UInt64
    /// The event's place among the events.
    @usableFromInline var place: Int

    @inlinable
    init(time: Int64, sequence: UInt64, place: Int) {
      self.time = time
      self.sequence = sequence
      self.place = place
    }

    @inlinable
    func isBefore(_ other: Entry) -> Bool {
      time != other.time ? time < other.time : sequence < other.sequence
    }
  }

  @usableFromInline var heap: [Entry] = []
  /// The waiting events, in any order; nil where a place is free.
  @usableFromInline var waiting: [Event?] = []
  @usableFromInline var free: [Int] = []
  @usableFromInline var inserted: UInt64 = 0
  @usableFromInline var clock: Int64 = 0

  /// The time of the event taken last, zero before the first.
  @inlinable
  public var now: Duration { .nanoseconds(clock) }

  /// An empty queue at time zero.
  @inlinable
  public init() {}

  /// The number of events that wait.
  @inlinable
  public var count: Int { heap.count }

  /// True if no event waits.
  @inlinable
  public var isEmpty: Bool { heap.isEmpty }

  /// The time of the event that comes next.
  @inlinable
  public var nextTime: Duration? { heap.first.map { .nanoseconds($0.time) } }

  /// The time at which an event happens that is due at `time`: the next whole nanosecond, and not
  /// before `now`.
  @inlinable
  public func moment(of time: Duration) -> Duration { .nanoseconds(nanoseconds(of: time)) }

  /// Adds an event that is due at `time`.
  ///
  /// - Returns: When it happens; see ``moment(of:)``.
  @inlinable @discardableResult
  public mutating func insert(_ event: Event, at time: Duration) -> Duration {
    let time = nanoseconds(of: time)
    inserted += 1
    let place: Int
    if let last = free.popLast() {
      place = last
      waiting[place] = event
    } else {
      place = waiting.count
      waiting.append(event)
    }
    heap.append(Entry(time: time, sequence: inserted, place: place))
    rise(heap.count - 1)
    return .nanoseconds(time)
  }

  /// Takes the earliest event and sets the clock to its time.
  @inlinable
  public mutating func next() -> (time: Duration, event: Event)? {
    guard let last = heap.popLast() else { return nil }
    var first = last
    if !heap.isEmpty {
      first = heap[0]
      heap[0] = last
      sink()
    }
    clock = first.time
    guard let event = waiting[first.place] else { preconditionFailure("an event is gone") }
    waiting[first.place] = nil
    free.append(first.place)
    return (.nanoseconds(first.time), event)
  }

  /// The one gate through which times come in.
  @inlinable
  func nanoseconds(of time: Duration) -> Int64 {
    max(clock, wholeNanoseconds(from: time))
  }

  @inlinable
  mutating func rise(_ start: Int) {
    var child = start
    let entry = heap[child]
    while child > 0 {
      let parent = (child - 1) / 2
      guard entry.isBefore(heap[parent]) else { break }
      heap[child] = heap[parent]
      child = parent
    }
    heap[child] = entry
  }

  @inlinable
  mutating func sink() {
    let entry = heap[0]
    var parent = 0
    while true {
      var child = 2 * parent + 1
      guard child < heap.count else { break }
      if child + 1 < heap.count, heap[child + 1].isBefore(heap[child]) { child += 1 }
      guard heap[child].isBefore(entry) else { break }
      heap[parent] = heap[child]
      parent = child
    }
    heap[parent] = entry
  }
}

/// A time in whole nanoseconds, rounded up.
@usableFromInline
func wholeNanoseconds(from time: Duration) -> Int64 { VirtualTime(roundingUp: time).nanoseconds }

extension EventQueue: Sendable where Event: Sendable {}
extension EventQueue.Entry: Sendable {}
