import Foundation
import Live
import TestSupport
import Testing

/// A server under clients that ask for too much or for nothing.
@Suite(.serialized, .longRunning, .timeLimit(.minutes(2))) struct HTTPServerTests {
  private static let request = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"

  private func server(_ change: (inout HTTPLimits) -> Void = { _ in }) throws -> HTTPServer {
    var limits = HTTPLimits()
    change(&limits)
    let address = try #require(LiveAddress("127.0.0.1:0"))
    return try HTTPServer(at: address, limits: limits) { request in
      switch request.path {
      case "/large": HTTPResponse(.ok, type: "text/plain", [UInt8](repeating: 65, count: 8 << 20))
      case "/events":
        HTTPResponse(
          events: AsyncStream { continuation in
            for number in 0..<3 { continuation.yield(Array("event \(number)\n".utf8)) }
            continuation.finish()
          })
      case "/long":
        HTTPResponse(
          events: AsyncStream { continuation in
            for letter in "abc".utf8 {
              continuation.yield([UInt8](repeating: letter, count: 4 << 20))
            }
            continuation.yield(Array("the end\n".utf8))
            continuation.finish()
          })
      case "/silence": HTTPResponse(events: AsyncStream { continuation in listen(continuation) })
      default: HTTPResponse(.ok, "here")
      }
    }
  }

  /// Keeps a stream open.
  private func listen(_ continuation: AsyncStream<[UInt8]>.Continuation) {
    let task = Task { try? await Task.sleep(for: .seconds(100)) }
    continuation.onTermination = { _ in task.cancel() }
  }

  /// The number of sockets that this process has open at a port of its own.
  private func connections(at port: UInt16) throws -> Int {
    let hex = String(port, radix: 16, uppercase: true)
    let place = ":" + String(repeating: "0", count: 4 - hex.count) + hex
    let table = try String(contentsOfFile: "/proc/net/tcp", encoding: .utf8)
    return table.split(separator: "\n").count { line in
      let words = line.split(separator: " ")
      return words.count > 3 && words[1].hasSuffix(place) && words[3] == "01"
    }
  }

  @Test func `a request is answered, whole, and the connection ends`() throws {
    let server = try server()
    defer { server.stop() }
    let answer = RawPeer.answer(to: Self.request, port: Int(server.port))
    #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
    #expect(answer.contains("\r\nContent-Length: 5\r\n"))
    #expect(answer.hasSuffix("\r\n\r\nhere\n"))
    let head = RawPeer.answer(
      to: "HEAD /large HTTP/1.1\r\nHost: a\r\n\r\n", port: Int(server.port))
    #expect(head.contains("\r\nContent-Length: 8388608\r\n") && head.hasSuffix("\r\n\r\n"))
    let large = RawPeer.answer(
      to: "GET /large HTTP/1.1\r\nHost: a\r\n\r\n", port: Int(server.port))
    #expect(large.utf8.count > 8 << 20)
    let events = RawPeer.answer(
      to: "GET /events HTTP/1.1\r\nHost: a\r\n\r\n", port: Int(server.port))
    #expect(events.hasSuffix("\r\n\r\nevent 0\nevent 1\nevent 2\n"), "\(events)")
  }

  /// As by a test that computes, or anybody's task that waits without giving way.
  @Test func `a request is answered while all threads that tasks share are kept busy`() throws {
    let server = try server()
    defer { server.stop() }
    let isOver = DispatchSemaphore(value: 0)
    let count = 2 * ProcessInfo.processInfo.activeProcessorCount
    for _ in 0..<count { Task.detached(priority: .high) { Self.wait(for: isOver) } }
    defer { for _ in 0..<count { isOver.signal() } }
    // Those that haven't begun wait for a thread as an answer would.
    Thread.sleep(forTimeInterval: 0.2)
    for path in ["/", "/events"] {
      let answer = RawPeer.answer(
        to: "GET \(path) HTTP/1.1\r\nHost: a\r\n\r\n", port: Int(server.port))
      #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
    }
  }

  private static func wait(for semaphore: DispatchSemaphore) { semaphore.wait() }

  @Test func `events that were given leave before the server ends, as long as that takes`() throws {
    let server = try server { $0.ending = .seconds(20) }
    let peer = try #require(RawPeer(to: Int(server.port)))
    #expect(peer.send(Array("GET /long HTTP/1.0\r\n\r\n".utf8)))
    #expect(peer.receives(atLeast: 15))
    // More is on its way than a socket holds.
    server.stop()
    let rest = try #require(peer.receiveAll())
    #expect(rest.count > 12_000_000 && rest.suffix(8).elementsEqual("the end\n".utf8))
  }

  @Test func `a stream that never ends is cut off when the server ends`() throws {
    let server = try server()
    let peer = try #require(RawPeer(to: Int(server.port)))
    #expect(peer.send(Array("GET /silence HTTP/1.0\r\n\r\n".utf8)))
    #expect(peer.receives(atLeast: 15))
    let start = ContinuousClock.now
    server.stop()
    #expect(ContinuousClock.now - start < .seconds(1.5))
    #expect(peer.receiveAll() != nil)
  }

  @Test func `idle connections take no more than their places, and don't keep others out`() throws {
    allowAllDescriptors()
    let server = try server()
    defer { server.stop() }
    let idle = (0..<700).compactMap { _ in RawPeer(to: Int(server.port)) }
    #expect(idle.count == 700)
    for _ in 0..<20 {
      #expect(RawPeer.answer(to: Self.request, port: Int(server.port)).hasSuffix("here\n"))
    }
    #expect(try connections(at: server.port) <= 64)
    withExtendedLifetime(idle) {}
  }

  @Test func `a request that dribbles in is ended in time`() throws {
    let server = try server { $0.request = .seconds(1) }
    defer { server.stop() }
    let peer = try #require(RawPeer(to: Int(server.port)))
    let start = ContinuousClock.now
    for byte in "GET / HTTP/1.1\r\nX-Slow: ".utf8 + [UInt8](repeating: 65, count: 400) {
      guard peer.send([byte]) else { break }
      Thread.sleep(forTimeInterval: 0.05)
      if ContinuousClock.now - start > .seconds(2) { break }
    }
    let answer = String(decoding: try #require(peer.receiveAll()), as: UTF8.self)
    #expect(answer.isEmpty || answer.hasPrefix("HTTP/1.1 408 "), "\(answer)")
    #expect(RawPeer.answer(to: Self.request, port: Int(server.port)).hasSuffix("here\n"))
  }

  @Test func `long heads and many fields are refused at once`() throws {
    let server = try server()
    defer { server.stop() }
    let long = "GET / HTTP/1.1\r\nHost: a\r\nX: " + String(repeating: "x", count: 1 << 20)
    let many = "GET / HTTP/1.1\r\n" + String(repeating: "A: b\r\n", count: 5000)
    for text in [long, many] {
      let peer = try #require(RawPeer(to: Int(server.port)))
      _ = peer.send(Array(text.utf8))  // cut off on the way
      let answer = String(decoding: try #require(peer.receiveAll()), as: UTF8.self)
      #expect(answer.isEmpty || answer.hasPrefix("HTTP/1.1 431 "), "\(answer)")
    }
    let just = "GET / HTTP/1.1\r\nHost: a\r\nX: " + String(repeating: "x", count: 9000)
    #expect(RawPeer.answer(to: just, port: Int(server.port)).hasPrefix("HTTP/1.1 431 "))
    #expect(RawPeer.answer(to: Self.request, port: Int(server.port)).hasSuffix("here\n"))
  }

  @Test func `who asks and takes nothing loses its place`() throws {
    let server = try server {
      $0.connections = 8
      $0.standstill = .milliseconds(200)
    }
    defer { server.stop() }
    let takers = (0..<8).compactMap { _ in RawPeer(to: Int(server.port)) }
    for taker in takers { _ = taker.send(Array("GET /large HTTP/1.0\r\n\r\n".utf8)) }
    let answer = RawPeer.answer(to: Self.request, port: Int(server.port))
    #expect(answer.hasSuffix("here\n"))
    withExtendedLifetime(takers) {}
  }

  @Test func `listeners take half of the places at most`() throws {
    let server = try server {
      $0.connections = 8
      $0.listeners = 4
    }
    defer { server.stop() }
    let listeners = (0..<4).compactMap { _ in RawPeer(to: Int(server.port)) }
    for listener in listeners {
      #expect(listener.send(Array("GET /silence HTTP/1.0\r\n\r\n".utf8)))
      #expect(listener.receives(atLeast: 15))
    }
    let fifth = RawPeer.answer(to: "GET /silence HTTP/1.0\r\n\r\n", port: Int(server.port))
    #expect(fifth.hasPrefix("HTTP/1.1 503 "), "\(fifth)")
    #expect(RawPeer.answer(to: Self.request, port: Int(server.port)).hasSuffix("here\n"))
    withExtendedLifetime(listeners) {}
  }
}
