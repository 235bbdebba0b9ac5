import Foundation
import Glibc
import Measures
import Testing
import ZMTP
import ZeroMQ

@Suite(.timeLimit(.minutes(1)))
struct ContextTests {
  @Test
  func `an open socket delays the end of its context, and no longer`() throws {
    let context = try Context()
    do {
      let socket = try Socket(.pull, in: context)
      #expect(context.openSockets == 1)
      #expect(!context.terminate(within: .milliseconds(50)))
      let error = #expect(throws: ZMQError.self) { try socket.receive() }
      #expect(error?.isTermination == true)
    }
    #expect(context.openSockets == 0)
    #expect(context.terminate(within: patience))
    #expect(context.terminate(within: .zero), "ending twice is allowed")
  }

  @Test
  func `a socket whose options were refused is closed`() throws {
    try withContext { context in
      let options = quickOptions { $0.routingID = [UInt8](repeating: 1, count: 256) }
      let error = #expect(throws: ZMQError.self) {
        _ = try Socket(.dealer, in: context, options: options)
      }
      #expect(error?.code == .invalidArgument)
      #expect(error?.description.contains("routing id") == true)
    }
  }

  @Test
  func `no socket opens after the shutdown`() throws {
    let context = try Context()
    context.shutdown()
    let error = #expect(throws: ZMQError.self) { _ = try Socket(.pull, in: context) }
    #expect(error?.isTermination == true)
    #expect(context.terminate(within: patience))
  }

  @Test
  func `a full context refuses another socket with a remedy`() throws {
    let context = try Context(maxSockets: 3)
    do {
      let first = try Socket(.pull, in: context)
      let second = try Socket(.pull, in: context)
      let third = try Socket(.pull, in: context)
      let error = #expect(throws: ZMQError.self) { _ = try Socket(.pull, in: context) }
      #expect(error?.code == .tooManyOpenFiles)
      #expect(error?.description.contains("ulimit") == true)
      for readiness in try [first.readiness(), second.readiness(), third.readiness()] {
        #expect(readiness.isEmpty)
      }
    }
    #expect(context.terminate(within: patience))
  }

  @Test(arguments: [true, false])
  func `the shutdown wakes a waiting thread`(isPolling: Bool) throws {
    try withContext { context in
      let errors = try Inbox<ZMQError>()
      let waiting = DispatchSemaphore(value: 0)
      Thread.detachNewThread {
        do throws(ZMQError) {
          let socket = try Socket(.pull, in: context)
          var poller = Poller()
          _ = poller.add(socket)
          waiting.signal()
          while true {
            if isPolling {
              _ = try poller.wait(atMost: nil)
            } else {
              _ = try socket.receive(within: patience)
            }
          }
        } catch { _ = errors.push(error) }
      }
      #expect(waiting.wait(timeout: .now() + 10) == .success)
      context.shutdown()
      var poller = Poller()
      _ = poller.add(errors.wakeup)
      #expect(try poller.wait(atMost: patience) == 1)
      #expect(errors.drain().map(\.isTermination) == [true])
    }
  }

  @Test
  func `the limit of descriptors is the hard one`() {
    let promised = Context.descriptorLimit
    var limit = rlimit()
    #expect(getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0)
    #expect(limit.rlim_cur == limit.rlim_max)
    #expect(promised == Int(clamping: limit.rlim_cur))
  }
}
