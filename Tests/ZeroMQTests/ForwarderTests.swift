import Foundation
import Measures
import Testing
import ZMTP
import ZeroMQ

@Suite(.timeLimit(.minutes(1)))
struct ForwarderTests {
  @Test
  func `subscriptions go up a relay and broadcasts down it`() throws {
    try withContext { context in
      let publisher = try Socket(.xpub, in: context)
      try publisher.bind(to: "inproc://publisher")
      let relay = try Relay(.xsub, at: "inproc://publisher", .xpub, in: context)
      defer { relay.stop() }
      let subscriber = try Socket(.subscribe, in: context)
      try subscriber.connect(to: relay.endpoint)
      try subscriber.subscribe(to: "a/")
      #expect(SubscriptionNotice(try nextMessage(on: publisher))?.text == "a/")
      for index in 0..<500 {
        #expect(try publisher.send("a/", Frame("\(index)")))
        #expect(try nextMessage(on: subscriber).text(of: 1) == "\(index)")
      }
    }
  }

  @Test
  func `a collection passes a relay complete and in order, however slow its end is`() throws {
    try withContext { context in
      let sink = try Socket(
        .pull, in: context, options: quickOptions { $0.receiveHighWaterMark = 1 })
      try sink.bind(to: "inproc://sink")
      let relay = try Relay(.push, at: "inproc://sink", .pull, in: context)
      defer { relay.stop() }
      let source = try Socket(
        .push, in: context, options: quickOptions { $0.sendHighWaterMark = 2 })
      try source.connect(to: relay.endpoint)
      var poller = Poller()
      _ = poller.add(sink)
      let sourceToken = poller.add(source, for: .writable)
      var (sent, received) = (0, 0)
      while received < 2000 {
        while sent < 2000, try source.send(Frame("\(sent)"), "body") { sent += 1 }
        if sent == 2000 { poller.watch(sourceToken, for: []) }
        try #require(try poller.wait(atMost: patience) > 0)
        guard let message = try sink.receive()?.message else { continue }
        #expect(message.text(of: 0) == "\(received)")
        received += 1
      }
    }
  }
}

/// A forwarder on a thread of its own.
private final class Relay {
  let endpoint: String
  private let stopping: Wakeup
  private let ended = DispatchSemaphore(value: 0)

  init(
    _ connecting: SocketKind, at endpoint: String, _ binding: SocketKind, in context: Context
  ) throws {
    let stopping = try Wakeup()
    self.stopping = stopping
    let endpoints = try Inbox<String>()
    Thread.detachNewThread { [ended] in
      do throws(ZMQError) {
        let options = quickOptions {
          $0.sendHighWaterMark = 3
          $0.receiveHighWaterMark = 3
        }
        let front = try Socket(connecting, in: context, options: options)
        try front.connect(to: endpoint)
        let back = try Socket(binding, in: context, options: options)
        _ = endpoints.push(try back.bind(to: "tcp://127.0.0.1:*"))
        var forwarder = Forwarder()
        try forwarder.run(between: front, and: back, until: stopping)
      } catch { Issue.record(error) }
      ended.signal()
    }
    var poller = Poller()
    _ = poller.add(endpoints.wakeup)
    try #require(try poller.wait(atMost: patience) == 1)
    self.endpoint = try #require(endpoints.drain().first)
  }

  /// Ends the thread and waits for its sockets to close.
  func stop() {
    stopping.signal()
    #expect(ended.wait(timeout: .now() + 10) == .success)
  }
}
