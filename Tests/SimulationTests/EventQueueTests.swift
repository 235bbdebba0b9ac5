import Links
import Measures
import Simulation
import Testing

@Suite struct EventQueueTests {
  @Test(arguments: 0...40 as ClosedRange<UInt64>)
  func `events come by time, and in the order of insertion at one time`(seed: UInt64) {
    var random = RandomStream(seed: seed)
    let count = Int(seed * seed)
    var queue = EventQueue<Int>()
    let times = (0..<count).map { _ in Duration.milliseconds(random.next() % 50) }
    for (index, time) in times.enumerated() { queue.insert(index, at: time) }
    #expect(queue.count == count)
    let expected = times.indices.sorted { (times[$0], $0) < (times[$1], $1) }
    var taken: [Int] = []
    while let (time, event) = queue.next() {
      #expect(time == times[event] && queue.now == time)
      taken.append(event)
    }
    #expect(taken == expected)
    #expect(queue.isEmpty && queue.nextTime == nil)
  }

  @Test(arguments: 1...20 as ClosedRange<UInt64>)
  func `the clock never goes back while events beget events`(seed: UInt64) {
    var random = RandomStream(seed: seed)
    var queue = EventQueue<Int>()
    for index in 0..<50 { queue.insert(index, at: .milliseconds(random.next() % 1000)) }
    var last = Duration.zero
    var taken = 0
    while let next = queue.nextTime, let (time, event) = queue.next() {
      #expect(time == next && time >= last)
      last = time
      taken += 1
      if taken < 2000 { queue.insert(event, at: time + .milliseconds(random.next() % 100)) }
    }
    #expect(taken == 2000 + 49)
  }

  @Test func `an event that is due in the past happens now, behind those that wait for now`() {
    var queue = EventQueue<Int>()
    queue.insert(0, at: .seconds(2))
    queue.insert(1, at: .seconds(2))
    _ = queue.next()
    #expect(queue.insert(2, at: .seconds(-1)) == .seconds(2))
    #expect(queue.moment(of: .zero) == .seconds(2))
    #expect(queue.next()?.event == 1)
    #expect(queue.next().map { $0 == (.seconds(2), 2) } == true)
    #expect(queue.now == .seconds(2))
  }

  @Test func `times are whole nanoseconds, never before what was asked for`() throws {
    var queue = EventQueue<Int>()
    let fine = Duration(secondsComponent: 1, attosecondsComponent: 1)
    #expect(queue.insert(0, at: fine) == .nanoseconds(1_000_000_001))
    #expect(queue.insert(1, at: .seconds(1)) == .seconds(1))
    #expect(queue.insert(2, at: .nanoseconds(1_000_000_001)) == .nanoseconds(1_000_000_001))
    #expect(queue.nextTime == .seconds(1))
    let order = (0..<3).compactMap { _ in queue.next() }
    #expect(order.map(\.event) == [1, 0, 2])
    // What lies beyond all runs comes at their end.
    let end = queue.insert(3, at: .seconds(Int64.max / 2))
    #expect(end > .seconds(100 * 365 * 86_400) && queue.next()?.time == end)
    #expect(queue.insert(4, at: end + .seconds(1)) == end)
  }

  @Test(arguments: 0..<50 as Range<UInt64>)
  func `a link without limits answers no time before that of the queue`(seed: UInt64) {
    // What crashed runs: the queue's time was finer than the link's, whose arrival lay before it
    // then.
    var random = RandomStream(seed: seed)
    let rate = Bandwidth(bitsPerSecond: 1e15)
    var link = Link(
      LinkModel(LinkProfile(rate: .constant(rate))), random: random.stream("link"))
    var queue = EventQueue<Int>()
    for event in 0..<100 {
      let wait = Duration.seconds(1) * random.uniform()
      queue.insert(event, at: queue.now + wait)
      _ = queue.next()
      if event % 7 == 0 { link.stall(at: queue.now, until: queue.now + wait / 3) }
      let transit = link.send(ByteCount(Int(random.next() % 1000)), at: queue.now).transit
      #expect(transit.map { $0.arrival >= queue.now && $0.firstArrival >= queue.now } == true)
      #expect(transit.map { queue.moment(of: $0.arrival) == $0.arrival } == true)
    }
  }
}
