import Testing

/// The checker of histories: it accepts a sound one, and finds each thing that must not be.
@Suite struct RunHistoryTests {
  private typealias Update = TinyRun.Update

  /// Two workers of one client each train two rounds, under two brokers.
  private static var sound: RunHistory {
    let updates = [Update(round: 1, client: 0), Update(round: 1, client: 1)]
    let later = [Update(round: 2, client: 0), Update(round: 2, client: 1)]
    return RunHistory(
      ledger: RunHistory.Ledger(
        plannedRounds: 2,
        rounds: [
          .init(number: 1, selected: 2, accepted: 2, opened: 0, closed: 1),
          .init(number: 2, selected: 2, accepted: 2, opened: 1, closed: 2),
        ],
        accepted: updates + later,
        epochs: [
          .init(number: 1, round: 1, start: "11:00"), .init(number: 3, round: 2, start: "13:00"),
        ],
        amounts: ["payload": 0], state: "done", digest: "abc"),
      events: [
        .brokerStarted(listened: true),
        .trains(updates[0], worker: 0), .trains(updates[1], worker: 1),
        .told(updates[1], worker: 1),
        .killed(worker: 1, memories: [updates[1]]),
        .trains(later[0], worker: 0),
        // Killed before it had an incarnation.
        .brokerStarted(listened: false),
        .brokerStarted(listened: true),
        .trains(later[0], worker: 0), .trains(later[1], worker: 1),
        .told(later[0], worker: 0), .told(later[1], worker: 1),
      ],
      clients: [0...0, 1...1], expectedDigest: "abc")
  }

  /// The violations of the sound history after a change.
  private static func violations(_ change: (inout RunHistory) -> Void) -> [String] {
    var history = sound
    change(&history)
    return history.violations
  }

  @Test func `a sound history has no violations`() {
    #expect(Self.sound.violations.isEmpty, "\(Self.sound.violations)")
  }

  /// A change of the sound history, and the one thing that is wrong with it then.
  struct Fault: CustomTestStringConvertible, Sendable {
    var sentence: String
    var change: @Sendable (inout RunHistory) -> Void

    var testDescription: String { sentence }
  }

  private static let faultsOfRounds = [
    Fault(sentence: "the rounds aren't 1 to 3, each once: [1, 2]") {
      $0.ledger.plannedRounds = 3
    },
    Fault(sentence: "the rounds aren't 1 to 2, each once: [1, 2, 2]") {
      $0.ledger.rounds.append(
        .init(number: 2, selected: 2, accepted: 2, opened: 2, closed: 3))
    },
    Fault(sentence: "the rounds aren't 1 to 2, each once: [2, 1]") {
      $0.ledger.rounds[0].number = 2
      $0.ledger.rounds[1].number = 1
    },
    Fault(sentence: "round 2 began before round 1 ended") { $0.ledger.rounds[1].opened = 0.5 },
    Fault(sentence: "round 2 ended before it began") { $0.ledger.rounds[1].closed = 0.5 },
    Fault(sentence: "round 2: 2 of 3 updates count, though it waits for all") {
      $0.ledger.rounds[1].selected = 3
    },
    Fault(sentence: "round 1: 2 updates count, but 1 are booked") {
      $0.ledger.accepted.removeAll { $0 == Update(round: 1, client: 0) }
    },
  ]

  private static let faultsOfUpdates = [
    Fault(sentence: "the update of client 1 in round 2 counts 2 times") {
      $0.ledger.accepted.append(Update(round: 2, client: 1))
      $0.ledger.rounds[1].accepted = 3
      $0.ledger.rounds[1].selected = 3
    },
    Fault(sentence: "the update of client 1 in round 3 counts in a round that isn't there") {
      $0.ledger.accepted.append(Update(round: 3, client: 1))
      $0.events.append(.trains(Update(round: 3, client: 1), worker: 1))
    },
    Fault(sentence: "the update of client 0 in round 1 counts, and no worker trained it") {
      $0.events.removeAll { $0 == .trains(Update(round: 1, client: 0), worker: 0) }
    },
    Fault(
      sentence:
        "worker 0 was told that the update of client 0 in round 3 counts, and it isn't in the "
        + "ledger"
    ) {
      $0.events += [
        .trains(Update(round: 3, client: 0), worker: 0),
        .told(Update(round: 3, client: 0), worker: 0),
      ]
    },
    Fault(
      sentence:
        "worker 0 was told that the update of client 0 in round 1 counts before it was trained"
    ) { $0.events.insert(.told(Update(round: 1, client: 0), worker: 0), at: 1) },
    Fault(sentence: "worker 1 trained the update of client 0 in round 2, which isn't its own") {
      $0.events.append(.trains(Update(round: 2, client: 0), worker: 1))
    },
    Fault(
      sentence: "the update of client 0 in round 1 was trained after the same client's of round 2"
    ) { $0.events.append(.trains(Update(round: 1, client: 0), worker: 0)) },
  ]

  private static let faultsOfProcesses = [
    Fault(sentence: "epoch 1 came after epoch 1") { $0.ledger.epochs[1].number = 1 },
    Fault(sentence: "epoch 3 was begun before epoch 1") {
      $0.ledger.epochs[1].start = "10:59"
    },
    Fault(sentence: "epoch 3 began with round 1, epoch 1 before it with round 2") {
      $0.ledger.epochs = [
        .init(number: 1, round: 2, start: "11:00"), .init(number: 3, round: 1, start: "13:00"),
      ]
    },
    Fault(sentence: "there are 4 epochs of 3 starts of the broker, 2 of which listened") {
      $0.ledger.epochs += [
        .init(number: 4, round: 2, start: "14:00"), .init(number: 5, round: 2, start: "15:00"),
      ]
    },
    Fault(sentence: "there are 1 epochs of 3 starts of the broker, 2 of which listened") {
      $0.ledger.epochs.removeLast()
    },
    Fault(sentence: "epoch 3 began with round 1, after a worker had heard of round 2") {
      $0.ledger.epochs[1].round = 1
    },
    Fault(
      sentence:
        "what goes with the update of client 1 in round 1 wasn't in the folder of worker 1 when "
        + "that was killed"
    ) { $0.events[4] = .killed(worker: 1, memories: []) },
    Fault(sentence: "worker 0 lost what goes with the update of client 0 in round 2") {
      $0.events.append(.forgot(Update(round: 2, client: 0), worker: 0))
    },
  ]

  private static let faultsOfTheEnd = [
    Fault(sentence: "payload is -1 somewhere") { $0.ledger.amounts["payload"] = -1 },
    Fault(sentence: "the run's state is running") { $0.ledger.state = "running" },
    Fault(sentence: "the final model is abd, of an undisturbed run abc") {
      $0.ledger.digest = "abd"
    },
    Fault(
      sentence:
        "what goes with the update of client 1 in round 2 is still in a folder after the end"
    ) { $0.leftMemories = [Update(round: 2, client: 1)] },
  ]

  @Test(arguments: faultsOfRounds + faultsOfUpdates + faultsOfProcesses + faultsOfTheEnd)
  func `each thing that must not be is found`(fault: Fault) {
    let violations = Self.violations(fault.change)
    #expect(violations.contains(fault.sentence), "\(violations)")
  }
}
