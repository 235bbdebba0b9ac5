import Federation
import Runtime
import Server
import Testing
import ZMTP
import ZeroMQ

@Suite struct ConnectionGuardTests {
  private var watch: ConnectionGuard

  init() {
    var limits = ConnectionLimits(clients: 4, limits: ProtocolLimits())
    limits.connections = 3
    limits.subscriptions = 4
    limits.unknownTopics = 1
    limits.allSubscriptions = 6
    limits.malformedMessages = 2
    limits.burst = 3
    limits.messagesPerSecond = 2
    watch = ConnectionGuard(limits)
  }

  /// Has a connection made to each socket.
  private mutating func connect(_ descriptors: CInt...) {
    for descriptor in descriptors {
      _ = watch.note(.accepted(descriptor: descriptor), at: .updates, .zero)
    }
  }

  private mutating func subscribe(
    _ descriptor: CInt, _ count: Int, isKnown: Bool = true
  ) -> [ConnectionGuard.Verdict] {
    (0..<count).compactMap { _ in
      watch.subscribed(
        descriptor, key: "key\(descriptor)", isSubscription: true, isKnown: isKnown, at: .updates)
    }
  }

  private func cut(
    _ descriptor: CInt, for offence: ConnectionGuard.Offence
  ) -> ConnectionGuard.Verdict {
    ConnectionGuard.Verdict(descriptor: descriptor, offence: offence)
  }

  @Test mutating func `a connection beyond the limit is cut, and counts no longer once it is gone`()
  {
    connect(7, 8, 9)
    #expect(watch.count == 3)
    #expect(
      watch.note(.accepted(descriptor: 10), at: .control, .zero) == cut(10, for: .tooMany))
    #expect(watch.note(.disconnected(descriptor: 10), at: .control, .zero) == nil)
    #expect(watch.note(.disconnected(descriptor: 7), at: .updates, .zero) == nil)
    #expect(watch.note(.accepted(descriptor: 7), at: .control, .zero) == nil)
    #expect(watch.count == 3)
  }

  @Test mutating func `the oldest that said nothing goes first, once it had time to`() {
    connect(7, 8, 9)
    watch.delivered(7, key: nil)
    let soon = watch.limits.timeToSpeak - .milliseconds(1)
    #expect(
      watch.note(.accepted(descriptor: 10), at: .control, soon) == cut(10, for: .tooMany))
    _ = watch.note(.disconnected(descriptor: 10), at: .control, soon)
    let later = watch.limits.timeToSpeak
    #expect(
      watch.note(.accepted(descriptor: 11), at: .control, later) == cut(8, for: .silent))
    #expect(watch.count == 3)
    // All that are left have spoken, or are young.
    watch.delivered(9, key: nil)
    #expect(
      watch.note(.accepted(descriptor: 12), at: .updates, later) == cut(12, for: .tooMany))
  }

  @Test mutating func `those that said nothing have a share of their own`() {
    var limits = watch.limits
    limits.connections = 100
    limits.silentConnections = 2
    watch = ConnectionGuard(limits)
    connect(7, 8)
    let later = limits.timeToSpeak
    #expect(watch.note(.accepted(descriptor: 9), at: .bulk, later) == cut(7, for: .silent))
    #expect(subscribe(8, 1).isEmpty)
    #expect(watch.note(.accepted(descriptor: 10), at: .bulk, later) == nil)
  }

  @Test mutating func `a connection with too many subscriptions is cut once`() {
    connect(7)
    #expect(subscribe(7, 4).isEmpty)
    #expect(subscribe(7, 3) == [cut(7, for: .subscriptions)])
    #expect(watch.count == 0)
  }

  @Test mutating func `a subscription that ended counts no longer`() {
    connect(7)
    #expect(subscribe(7, 4).isEmpty)
    #expect(
      watch.subscribed(7, key: nil, isSubscription: false, isKnown: true, at: .updates) == nil)
    #expect(subscribe(7, 1).isEmpty)
  }

  @Test mutating func `few subscriptions may be to topics that the protocol hasn't`() {
    connect(7)
    #expect(subscribe(7, 1, isKnown: false).isEmpty)
    #expect(subscribe(7, 1, isKnown: false) == [cut(7, for: .subscriptions)])
  }

  @Test mutating func `where all have too many subscriptions the one with the most is cut`() {
    connect(7, 8)
    #expect(subscribe(7, 4).isEmpty)
    #expect(subscribe(8, 3) == [cut(7, for: .subscriptions)])
    // Those of the one that is gone are given back.
    #expect(subscribe(8, 1).isEmpty)
  }

  @Test mutating func `a connection that sends unreadable messages is cut`() {
    connect(7, 8)
    #expect([7, 7, 8].compactMap { watch.malformed($0) }.isEmpty)
    #expect(watch.malformed(7) == cut(7, for: .malformed))
    #expect(watch.malformed(7) == nil, "it is gone")
    #expect(watch.malformed(nil) == nil)
  }

  @Test mutating func `a burst of messages passes, and then so many a second`() {
    connect(7)
    var allowed = (0..<5).map { _ in watch.allows(7, .zero) }
    #expect(allowed == [true, true, true, false, false])
    allowed = (0..<3).map { _ in watch.allows(7, .seconds(1)) }
    #expect(allowed == [true, true, false])
    allowed = (0..<4).map { _ in watch.allows(7, .seconds(100)) }
    #expect(allowed == [true, true, true, false], "no more than a burst is saved up")
    let strangers = [nil, 99].map { watch.allows($0, .zero) }
    #expect(strangers == [true, true], "they aren't connections")
  }

  @Test mutating func `a connection that sends too much is told so once a second`() {
    connect(7)
    let told = [0, 500, 999, 1000, 1500].map { watch.mayAnswer(7, .milliseconds($0)) }
    #expect(told == [true, false, false, true, false])
    #expect(watch.mayAnswer(99, .zero) == false)
  }

  @Test mutating func `connections of a key that was taken off the list are cut`() {
    connect(7, 8)
    watch.delivered(7, key: "a")
    #expect(subscribe(8, 1).isEmpty)
    #expect(watch.connections { $0 == "key8" } == [cut(7, for: .removedKey)])
    #expect(watch.connections { _ in false } == [cut(8, for: .removedKey)])
    #expect(watch.count == 0 && watch.wakeTime == nil)
  }

  @Test mutating func `inspections are due while there are connections, and not at once again`() {
    #expect(watch.wakeTime == nil)
    connect(7)
    #expect(watch.wakeTime == .zero)
    // A descriptor that is no connection of the kernel's is passed over.
    #expect(watch.inspect(.zero).isEmpty)
    #expect(watch.wakeTime == .milliseconds(20))
  }

  @Test func `limits grow with the fleet`() {
    let limits = [1, 1000].map { ConnectionLimits(clients: $0, limits: ProtocolLimits()) }
    #expect(limits[0].subscriptions == 1025 && limits[1].subscriptions == 2024)
    for keyPath in [
      \ConnectionLimits.subscriptionBytes, \.allSubscriptionBytes, \.allSubscriptions, \.burst,
      \.messagesPerSecond,
    ] {
      #expect(limits[0][keyPath: keyPath] < limits[1][keyPath: keyPath])
    }
    #expect(limits[0].unfinishedBytes > 5 * ProtocolLimits().chunkBytes)
    #expect(limits[0].connections >= 64)
  }

  @Test func `an update is awaited for as long as it may count, a minute at least`() {
    var rules = RoundRules(clientsPerRound: 1, deadline: .seconds(300))
    func time() -> Duration {
      ConnectionLimits(clients: 1, limits: ProtocolLimits(), uploadTime: rules.uploadTime)
        .timeToUpload
    }
    // A chunk at 1 kB/s takes 262 seconds.
    #expect(time() == .seconds(300))
    rules.stragglers = .nextRound(maximalStaleness: 2)
    #expect(time() == .seconds(900))
    rules = RoundRules(clientsPerRound: 1, deadline: .seconds(10))
    #expect(time() == .seconds(60))
  }

  @Test func `messages that never end count as the memory that they may take`() {
    var limits = ConnectionLimits(clients: 4, limits: ProtocolLimits())
    #expect(limits.memoryPerByte == 32)
    #expect(
      ConnectionLimits(clients: 4, limits: ProtocolLimits(), mechanism: .curve).memoryPerByte < 3)
    limits.unfinishedBytes = 1000
    limits.unexpectedBytes = 100
    limits.allUnfinishedBytes = 32 * 250
    func excess(_ bytes: Int..., awaited: Set<Int> = []) -> [CInt] {
      limits.excess(
        of: bytes.indices.map {
          Unfinished(descriptor: CInt($0), bytes: bytes[$0], isAwaited: awaited.contains($0))
        })
    }
    #expect(excess(100, 101) == [1])
    #expect(excess(101, 1000, 1001, awaited: [1, 2]) == [0, 2])
    // Together more than the memory that there is for them: the costliest go.
    #expect(excess(90, 80, 70) == [])
    #expect(excess(90, 80, 81) == [0])
    #expect(excess(90, 90, 90, 1000, awaited: [3]).count == 1)
    #expect(excess(1000, 1000, 1000, 1000, awaited: [0, 1, 2, 3]) == [])
  }
}
