import Glibc
import Links
import Measures
import ZeroMQ

/// The thread of a relay: moves bytes between sockets at the times that the links say.
final class RelayLoop {
  /// A port that is listened on, and where its connections lead.
  struct Listener: Sendable {
    var socket: StreamSocket
    var line: Int
    var target: StreamAddress
  }

  /// The bytes that are read at once: whole segments, and enough of them that most losses are given
  /// away by later ones.
  private static let piece = 44 * TCPSegment.payload
  /// The most bytes that wait in one direction of a connection, unless the link itself holds more.
  private static let leastRoom = 256 << 10

  private var links: [DuplexLink]
  private let listeners: [Listener]
  private let stopping: Wakeup
  private var connections: [Connection] = []
  private let clock = ContinuousClock()
  private let start: ContinuousClock.Instant
  private var buffer = [UInt8](repeating: 0, count: RelayLoop.piece)

  /// Links that nothing has passed yet; their time begins now.
  init(_ lines: [LinkRelay.Line], listeners: [Listener], run: RandomStream, stopping: Wakeup) {
    links = lines.map { line in
      var link = line.link
      for direction in Direction.allCases { link[direction].queue = nil }
      return DuplexLink(DuplexModel(link), client: line.client, run: run)
    }
    self.listeners = listeners
    self.stopping = stopping
    start = clock.now
  }

  private var now: Duration { clock.now - start }

  /// Relays until it is told to stop.
  func run() {
    while true {
      for connection in connections { advance(connection) }
      connections.removeAll(where: \.isOver)
      var polled = [pollfd(fd: stopping.descriptor, events: Int16(POLLIN), revents: 0)]
      for listener in listeners {
        polled.append(pollfd(fd: listener.socket.descriptor, events: Int16(POLLIN), revents: 0))
      }
      for connection in connections {
        polled.append(contentsOf: connection.interests(at: now))
      }
      let wake = connections.compactMap { $0.nextTime(after: now) }.min()
      wait(for: &polled, until: wake)
      if polled[0].revents != 0 { return }
      for (listener, poll) in zip(listeners, polled.dropFirst()) where poll.revents != 0 {
        enter(listener)
      }
    }
  }

  private func wait(for polled: inout [pollfd], until wake: Duration?) {
    let left = wake.map { max(.zero, min($0 - now, .seconds(3600))) } ?? .seconds(3600)
    let milliseconds = CInt((left.seconds * 1000).rounded(.up))
    // SAFETY: the entries live during the call, and there are as many as it is told.
    _ = unsafe polled.withUnsafeMutableBufferPointer {
      unsafe poll($0.baseAddress, nfds_t($0.count), milliseconds)
    }
  }

  /// Takes the connections that wait at a listening socket; the broker's side begins a round trip
  /// later, as over the link.
  private func enter(_ listener: Listener) {
    while let near = listener.socket.accepted() {
      // A link that gave up for loss carries a new connection.
      if !links[listener.line].isConnected {
        links[listener.line].restore()
        _ = links[listener.line].reconnect(at: now)
      }
      let link = links[listener.line]
      let roundTrip = link.down.model.profile.delay + link.up.model.profile.delay
      connections.append(
        Connection(
          near: near, line: listener.line, target: listener.target, opens: now + roundTrip,
          rooms: [.up: Self.room(of: link.up), .down: Self.room(of: link.down)]))
    }
  }

  /// Does for a connection what can be done now.
  private func advance(_ connection: Connection) {
    if connection.far == nil {
      guard now >= connection.opens else { return }
      connection.far = try? StreamSocket.connecting(to: connection.target)
      guard connection.far != nil else { return connection.end() }
    }
    guard let far = connection.far else { return }
    let sides: [(Direction, StreamSocket, StreamSocket)] = [
      (.up, connection.near, far), (.down, far, connection.near),
    ]
    for (direction, source, sink) in sides {
      read(connection, direction, from: source)
      write(connection, direction, to: sink)
    }
    if connection.ways.values.allSatisfy(\.isDone) { connection.end() }
  }

  private func read(_ connection: Connection, _ direction: Direction, from source: StreamSocket) {
    while connection.ways[direction]?.isOpen == true {
      switch source.read(into: &buffer) {
      case .later: return
      case .ended: connection.ways[direction]?.hasEnded = true
      case .bytes(let count):
        let delivery = links[connection.line][direction].send(ByteCount(count), at: now)
        // A connection that the model resets, or whose link is dead, is lost for both ends.
        guard let transit = delivery.transit else { return connection.reset() }
        connection.ways[direction]?.append(Array(buffer[..<count]), arrival: transit.arrival)
      }
    }
  }

  private func write(_ connection: Connection, _ direction: Direction, to sink: StreamSocket) {
    while let way = connection.ways[direction], let piece = way.first, piece.arrival <= now {
      switch sink.write(piece.bytes, from: way.written) {
      case .later: return
      case .ended: return connection.end()
      case .bytes(let count): connection.ways[direction]?.noteWritten(count)
      }
    }
    guard let way = connection.ways[direction], way.hasEnded, way.first == nil, !way.isDone
    else { return }
    connection.ways[direction]?.isDone = true
    sink.finishWriting()
  }

  /// The most bytes that may wait: twice what the link holds, so that it is never idle.
  private static func room(of link: Link) -> Int {
    let profile = link.model.profile
    let held = profile.sustainedRate.bitsPerSecond / 8 * (profile.delay + profile.jitter).seconds
    return max(leastRoom, Int(min(64e6, 2 * held)))
  }

  /// A connection of a line: the worker's end, the broker's, and what is between.
  private final class Connection {
    let near: StreamSocket
    var far: StreamSocket?
    let line: Int
    let target: StreamAddress
    let opens: Duration
    var ways: [Direction: Way]
    private(set) var isOver = false

    init(
      near: StreamSocket, line: Int, target: StreamAddress, opens: Duration,
      rooms: [Direction: Int]
    ) {
      self.near = near
      self.line = line
      self.target = target
      self.opens = opens
      ways = rooms.mapValues { Way(room: $0) }
    }

    /// Both sockets are closed when nobody holds them any more.
    func end() { isOver = true }

    func reset() {
      near.resetWhenClosed()
      far?.resetWhenClosed()
      end()
    }

    /// The events to wait for at both sockets.
    func interests(at now: Duration) -> [pollfd] {
      guard let far else { return [] }
      return [(near, Direction.up, Direction.down), (far, .down, .up)].map { socket, from, to in
        var events: CInt = 0
        if ways[from]?.isOpen == true { events |= POLLIN }
        if let piece = ways[to]?.first, piece.arrival <= now { events |= POLLOUT }
        // Of which nothing is wanted, that one's hang-up mustn't wake the loop again and again.
        return pollfd(fd: events == 0 ? -1 : socket.descriptor, events: Int16(events), revents: 0)
      }
    }

    /// The time of the next work, if no socket says more; nil for none.
    func nextTime(after now: Duration) -> Duration? {
      if far == nil { return opens }
      // What is due already waits for its socket.
      return ways.values.compactMap { $0.first?.arrival }.filter { $0 > now }.min()
    }
  }

  /// One direction of a connection: pieces that are on their way.
  private struct Way {
    struct Piece {
      var bytes: [UInt8]
      var arrival: Duration
    }

    /// The most bytes that may wait.
    let room: Int
    private var pieces: [Piece] = []
    private var head = 0
    /// The number of bytes of the first piece that are written.
    private(set) var written = 0
    /// The number of bytes that were read and not written yet.
    private(set) var waiting = 0
    /// Its source has nothing more.
    var hasEnded = false
    /// Its sink knows that.
    var isDone = false

    init(room: Int) { self.room = room }

    var first: Piece? { head < pieces.count ? pieces[head] : nil }
    /// True if more can be read.
    var isOpen: Bool { !hasEnded && waiting < room }

    mutating func append(_ bytes: [UInt8], arrival: Duration) {
      pieces.append(Piece(bytes: bytes, arrival: arrival))
      waiting += bytes.count
    }

    mutating func noteWritten(_ count: Int) {
      written += count
      waiting -= count
      guard let first, written >= first.bytes.count else { return }
      written = 0
      head += 1
      guard head == pieces.count || head >= 64 else { return }
      pieces.removeFirst(head)
      head = 0
    }
  }
}
