import Dispatch
import Measures
import Testing
import ZMTP
import ZeroMQ

@Suite(.timeLimit(.minutes(1)))
struct PollerTests {
  @Test
  func `a poller says which of its entries are ready`() throws {
    try withContext { context in
      let first = try Socket(.pull, in: context)
      let second = try Socket(.pull, in: context)
      let push = try Socket(.push, in: context)
      try first.bind(to: "inproc://first")
      try push.connect(to: try second.bind(to: "inproc://second"))
      let wakeup = try Wakeup()
      var poller = Poller()
      let tokens = (poller.add(first), poller.add(second), poller.add(wakeup))
      #expect(try poller.wait(atMost: .zero) == 0)
      try deliver(["x"], on: push)
      #expect(try poller.wait(atMost: patience) == 1)
      #expect(poller.readiness(of: tokens.0) == [])
      #expect(poller.readiness(of: tokens.1) == .readable)
      wakeup.signal()
      wakeup.signal()
      #expect(try poller.wait(atMost: patience) == 2)
      #expect(poller.isReadable(tokens.1) && poller.isReadable(tokens.2))
      wakeup.clear()
      #expect(try poller.wait(atMost: patience) == 1)
      #expect(poller.readiness(of: tokens.2) == [])
    }
  }

  @Test
  func `a paused entry is not looked at, a resumed one is`() throws {
    try withContext { context in
      let pull = try Socket(.pull, in: context)
      let push = try Socket(.push, in: context)
      try push.connect(to: try pull.bind(to: "inproc://pause"))
      try deliver(["x"], on: push)
      var poller = Poller()
      let token = poller.add(pull)
      poller.watch(token, for: [])
      #expect(try poller.wait(atMost: .zero) == 0)
      poller.watch(token, for: .readable)
      #expect(try poller.wait(atMost: patience) == 1)
    }
  }

  @Test
  func `a closed socket is passed over`() throws {
    try withContext { context in
      let pull = try Socket(.pull, in: context)
      let push = try Socket(.push, in: context)
      try push.connect(to: try pull.bind(to: "inproc://closed"))
      var poller = Poller()
      let lost: Poller.Token
      do {
        let other = try Socket(.pull, in: context)
        lost = poller.add(other)
      }
      let token = poller.add(pull)
      try deliver(["x"], on: push)
      #expect(try poller.wait(atMost: patience) == 1)
      #expect(poller.readiness(of: lost) == [] && poller.isReadable(token))
      #expect(context.openSockets == 2)
    }
  }

  @Test
  func `a removed entry is gone, and its place serves another`() throws {
    let wakeup = try Wakeup()
    let other = try Wakeup()
    wakeup.signal()
    var poller = Poller()
    poller.remove(poller.add(wakeup))
    #expect(try poller.wait(atMost: .zero) == 0)
    let token = poller.add(other)
    #expect(try poller.wait(atMost: .zero) == 0)
    other.signal()
    #expect(try poller.wait(atMost: .zero) == 1)
    #expect(poller.readiness(of: token) == .readable)
  }

  @Test
  func `a removed token is a programmer's error`() async {
    await #expect(processExitsWith: .failure) {
      var poller = Poller()
      let token = poller.add(try Wakeup())
      poller.remove(token)
      _ = poller.add(try Wakeup())
      _ = poller.readiness(of: token)
    }
  }

  @Test
  func `what is pushed while draining wakes the loop again`() throws {
    let inbox = try Inbox<Int>()
    var poller = Poller()
    let token = poller.add(inbox.wakeup)
    #expect(inbox.push(1) && inbox.push(2))
    #expect(try poller.wait(atMost: .zero) == 1)
    #expect(inbox.drain() == [1, 2])
    #expect(try poller.wait(atMost: .zero) == 0)
    #expect(inbox.push(3))
    #expect(try poller.wait(atMost: .zero) == 1)
    #expect(poller.readiness(of: token) == .readable)
    #expect(inbox.drain() == [3])
    #expect(inbox.drain().isEmpty)
  }

  @Test
  func `an inbox gets all elements of all threads, each thread's in order`() throws {
    let inbox = try Inbox<(thread: Int, index: Int)>()
    var poller = Poller()
    _ = poller.add(inbox.wakeup)
    DispatchQueue.global().async {
      DispatchQueue.concurrentPerform(iterations: 4) { thread in
        for index in 0..<1000 { _ = inbox.push((thread, index)) }
      }
    }
    var next = [0, 0, 0, 0]
    while next.reduce(0, +) < 4000 {
      try #require(try poller.wait(atMost: patience) == 1)
      for (thread, index) in inbox.drain() {
        #expect(index == next[thread])
        next[thread] += 1
      }
    }
  }

  @Test(arguments: [
    (Duration.zero, CInt(0)), (.nanoseconds(1), 1), (.microseconds(999), 1), (.milliseconds(1), 1),
    (.microseconds(1001), 2), (.seconds(-1), 0), (.milliseconds(-1), 0), (.seconds(60), 60_000),
    (.seconds(2_147_483), .max), (.seconds(1 << 60), .max),
  ])
  func `a wait is rounded up to whole milliseconds`(duration: Duration, milliseconds: CInt) {
    #expect(duration.wholeMilliseconds == milliseconds)
  }

  @Test(arguments: 1...4)
  func `a full inbox refuses until it is drained`(capacity: Int) throws {
    let inbox = try Inbox<Int>(capacity: capacity)
    for element in 0..<capacity { #expect(inbox.push(element)) }
    #expect(!inbox.push(99))
    #expect(inbox.drain() == Array(0..<capacity))
    #expect(inbox.push(99))
  }
}
