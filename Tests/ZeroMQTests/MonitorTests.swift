import Measures
import Testing
import ZMTP
import ZeroMQ

@Suite(.timeLimit(.minutes(1)))
struct MonitorTests {
  @Test
  func `a monitor tells the life of a connection, with descriptors of both ends`() throws {
    try withContext { context in
      let pull = try Socket(.pull, in: context, options: quickOptions())
      let pullMonitor = try pull.monitor()
      let endpoint = try pull.bind(to: "tcp://127.0.0.1:*")
      do {
        let push = try Socket(.push, in: context, options: quickOptions())
        let pushMonitor = try push.monitor()
        try push.connect(to: endpoint)
        let ends = try (connection(accepted: pullMonitor), connection(connected: pushMonitor))
        #expect(ends.0 != ends.1)
        try awaitHandshake(of: pullMonitor)
        try awaitHandshake(of: pushMonitor)
        #expect(TCPCounters(descriptor: ends.0) != nil && TCPCounters(descriptor: ends.1) != nil)
      }
      try awaitDisconnection(of: pullMonitor)
    }
  }

  @Test
  func `retries are told to those who ask`() throws {
    try withContext { context in
      let push = try Socket(.push, in: context, options: quickOptions())
      let monitor = try push.monitor([.retryScheduled])
      try push.connect(to: "tcp://127.0.0.1:1")
      let pause = try nextEvent(of: monitor) { kind -> Int? in
        guard case .retryScheduled(let milliseconds) = kind else { return nil }
        return milliseconds
      }
      #expect((10...60).contains(pause))
    }
  }

  @Test
  func `a monitor may outlive its socket and a socket its monitor`() throws {
    try withContext { context in
      let pull = try Socket(.pull, in: context)
      let endpoint = try pull.bind(to: "tcp://127.0.0.1:*")
      do {
        let monitor = try pull.monitor()
        #expect(try monitor.next() == nil)
      }
      let push = try Socket(.push, in: context)
      try push.connect(to: endpoint)
      try deliver(["x"], on: push)
      #expect(try nextMessage(on: pull).text(of: 0) == "x")
      let lone: Monitor
      do {
        let other = try Socket(.pull, in: context)
        lone = try other.monitor()
      }
      #expect(try lone.next() == nil)
    }
  }

  @Test
  func `hundreds of connections leave hundreds of events and stop no traffic`() throws {
    try withContext { context in
      let pull = try Socket(.pull, in: context)
      let monitor = try pull.monitor()
      let endpoint = try pull.bind(to: "tcp://127.0.0.1:*")
      let steady = try Socket(.push, in: context)
      try steady.connect(to: endpoint)
      for _ in 0..<500 {
        let guest = try Socket(.push, in: context)
        try guest.connect(to: endpoint)
        try deliver(["hello"], on: guest)
        #expect(try nextMessage(on: pull).text(of: 0) == "hello")
      }
      try deliver(["still here"], on: steady)
      #expect(try nextMessage(on: pull).text(of: 0) == "still here")
      var accepted = 0
      while let event = try monitor.next() {
        if case .accepted = event.kind { accepted += 1 }
      }
      #expect(accepted == 501)
    }
  }

  @Test
  func `a descriptor that is no TCP connection has no counters`() throws {
    #expect(TCPCounters(descriptor: -1) == nil)
    #expect(TCPCounters(descriptor: try Wakeup().descriptor) == nil)
  }
}
