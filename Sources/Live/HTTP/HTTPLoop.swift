import Glibc

/// The loop of the server's thread: waits for sockets and orders, and does what they ask for.
struct HTTPLoop {
  private typealias Instant = ContinuousClock.Instant

  /// The time for which no connections are taken when the system is out of descriptors.
  private static let shortagePause = Duration.milliseconds(200)

  private let listener: ListeningSocket
  private let inbox: HTTPInbox
  private let limits: HTTPLimits
  private let answer: @Sendable (HTTPRequest) async -> HTTPResponse
  private var connections: [Int: HTTPConnection] = [:]
  private var nextNumber = 0
  private var pausedUntil: Instant?
  /// The time at which it ends at the latest; nil until it is told to stop.
  private var lastMoment: Instant?

  /// A loop that has not begun.
  init(
    listener: ListeningSocket, inbox: HTTPInbox, limits: HTTPLimits,
    answer: @escaping @Sendable (HTTPRequest) async -> HTTPResponse
  ) {
    self.listener = listener
    self.inbox = inbox
    self.limits = limits
    self.answer = answer
  }

  /// Serves until it is told to stop, and then until the answers that are being made or sent have
  /// left, as long as ``HTTPLimits/ending`` allows.
  mutating func run() {
    while !isOver(ContinuousClock.now) {
      let numbers = connections.keys.sorted()
      let ready = wait(numbers)
      let now = ContinuousClock.now
      for order in inbox.takeAll() { perform(order, now) }
      for (number, events) in zip(numbers, ready.connections) where events != 0 {
        serve(number, events, now)
      }
      giveUp(now)
      if ready.hasCallers, lastMoment == nil { takeConnections(now) }
    }
    inbox.close()
    for connection in connections.values { connection.end() }
    connections.removeAll()
  }

  /// True once it was told to stop and has nothing to send any more, or no more time.
  private func isOver(_ now: Instant) -> Bool {
    guard let lastMoment else { return false }
    return lastMoment <= now
      || connections.values.allSatisfy { $0.phase == .reading || $0.phase == .leaving }
  }

  // MARK: Waiting

  private mutating func wait(_ numbers: [Int]) -> (hasCallers: Bool, connections: [Int16]) {
    let now = ContinuousClock.now
    let hasRoom =
      lastMoment == nil && (connections.count < limits.connections || dispensable(now) != nil)
    if let end = pausedUntil, end <= now { pausedUntil = nil }
    var places = [
      listener.interest(hasRoom && pausedUntil == nil),
      pollfd(fd: inbox.reader, events: Int16(POLLIN), revents: 0),
    ]
    for number in numbers {
      guard let connection = connections[number] else { continue }
      places.append(pollfd(fd: connection.descriptor, events: connection.interest, revents: 0))
    }
    // Once a second it may be that a client stands still, and its place is free.
    var time = connections.isEmpty ? Duration.seconds(60) : .seconds(1)
    for deadline in connections.values.map(\.deadline) + [pausedUntil, lastMoment] {
      if let deadline { time = min(time, deadline - now) }
    }
    let milliseconds = CInt(max(0, time / .milliseconds(1)).rounded(.up))
    // SAFETY: the places are as many as their count says.
    guard unsafe poll(&places, nfds_t(places.count), milliseconds) > 0 else {
      return (false, numbers.map { _ in 0 })
    }
    return (places[0].revents != 0, places.dropFirst(2).map(\.revents))
  }

  // MARK: Connections

  private mutating func takeConnections(_ now: Instant) {
    // No more than half of the places at once: requests that are here come first.
    for _ in 0..<max(1, limits.connections / 2) {
      let isFull = connections.count >= limits.connections
      let dispensable = isFull ? dispensable(now) : nil
      guard !isFull || dispensable != nil else { return }
      switch listener.accept() {
      case .connection(let descriptor):
        if let dispensable { end(dispensable) }
        let number = nextNumber
        nextNumber += 1
        connections[number] = HTTPConnection(descriptor, at: now, within: limits.request)
        read(number, now)  // mostly its request is here by now
      case .none: return
      case .shortage:
        pausedUntil = now + Self.shortagePause
        return
      }
    }
  }

  /// The connection whose place another one gets: one that was answered, or else the oldest without
  /// a request that had a moment to send it, or else one that stands still, or else the oldest
  /// without a request.
  private func dispensable(_ now: Instant) -> Int? {
    func oldest(_ phase: HTTPConnection.Phase, idle: Duration = .zero) -> Int? {
      connections.filter { $0.value.phase == phase && $0.value.moved + idle <= now }.keys.min()
    }
    return oldest(.leaving) ?? oldest(.reading, idle: limits.moment)
      ?? oldest(.sending, idle: limits.standstill) ?? oldest(.reading)
  }

  private mutating func giveUp(_ now: Instant) {
    for (number, connection) in connections {
      guard let deadline = connection.deadline, deadline <= now else { continue }
      if connection.phase == .reading {
        respond(to: number, .init(.requestTimeout, "no request came in time"), now)
      } else {
        end(number)
      }
    }
  }

  private mutating func end(_ number: Int) { connections.removeValue(forKey: number)?.end() }

  private mutating func serve(_ number: Int, _ events: Int16, _ now: Instant) {
    guard let phase = connections[number]?.phase else { return }
    switch phase {
    case .reading: read(number, now)
    case .answering: end(number)
    case .sending: send(number, now)
    case .streaming:
      // A listener has nothing to say.
      if events & Int16(POLLOUT) == events { send(number, now) } else { end(number) }
    case .leaving:
      if connections[number]?.drain() != true { end(number) }
    }
  }

  private mutating func read(_ number: Int, _ now: Instant) {
    switch connections[number]?.readRequest(now) {
    case nil: end(number)
    case .incomplete: break
    case .refused(let status, let reason): respond(to: number, .init(status, reason), now)
    case .request(let request):
      let task = Task.detached(executorPreference: AnswerThread.shared) { [answer, inbox] in
        var response = await answer(request)
        response.isHeadOnly = request.method == .head
        inbox.put(.answer(response, connection: number))
      }
      let deadline = now + limits.answer
      connections[number]?.enter(.answering, until: deadline)
      connections[number]?.task = task
    }
  }

  private mutating func send(_ number: Int, _ now: Instant) {
    switch connections[number]?.send(now) {
    case nil, .going: break
    case .gone: end(number)
    case .done:
      guard connections[number]?.phase == .sending else {
        connections[number]?.deadline = nil
        connections[number]?.waiting.take()?.resume(returning: true)
        return
      }
      guard let descriptor = connections[number]?.descriptor,
        shutdown(descriptor, CInt(SHUT_WR)) == 0
      else { return end(number) }
      let deadline = now + limits.farewell
      connections[number]?.enter(.leaving, until: deadline)
    }
  }

  // MARK: Orders

  private mutating func perform(_ order: HTTPInbox.Order, _ now: Instant) {
    switch order {
    case .answer(let response, let number): respond(to: number, response, now)
    case .piece(let bytes, let number, let waiting):
      guard connections[number]?.phase == .streaming else { return order.abandon() }
      connections[number]?.waiting = waiting
      put([bytes], on: number, now)
    case .end(let number):
      guard connections[number] != nil else { return }
      connections[number]?.phase = .sending
      send(number, now)
    case .stop: lastMoment = now + limits.ending
    }
  }

  private mutating func respond(to number: Int, _ response: HTTPResponse, _ now: Instant) {
    guard connections[number] != nil else { return }
    switch response.body {
    case _ where response.isHeadOnly:
      connections[number]?.phase = .sending
      put([response.head], on: number, now)
    case .bytes(let bytes):
      connections[number]?.phase = .sending
      put([response.head, bytes], on: number, now)
    case .pieces(let pieces):
      let listeners = connections.values.count { $0.phase == .streaming }
      guard listeners < limits.listeners else {
        return respond(to: number, .init(.unavailable, "too many are listening"), now)
      }
      let task = Task.detached(executorPreference: AnswerThread.shared) { [inbox] in
        for await piece in pieces {
          guard await inbox.send(piece, to: number) else { return }
        }
        inbox.put(.end(connection: number))
      }
      connections[number]?.phase = .streaming
      connections[number]?.task = task
      put([response.head], on: number, now)
    }
  }

  private mutating func put(_ parts: [[UInt8]], on number: Int, _ now: Instant) {
    for part in parts { connections[number]?.put(part) }
    let deadline = now + limits.time(for: parts.reduce(0) { $0 + $1.count })
    connections[number]?.deadline = deadline
    send(number, now)
  }
}
