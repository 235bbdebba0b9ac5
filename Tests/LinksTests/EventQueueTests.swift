import Links
import Measures
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

  @Test func `an event in the past is a programmer's error`() async {
    await #expect(processExitsWith: .failure) {
      var queue = EventQueue<Int>()
      queue.insert(0, at: .seconds(1))
      _ = queue.next()
      queue.insert(1, at: .zero)
    }
  }
}
