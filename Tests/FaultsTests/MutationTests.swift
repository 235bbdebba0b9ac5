import Faults
import TestSupport
import Testing

/// A simulator that finds nothing proves nothing: each broken promise must be noticed.
@Suite(.serialized, .longRunning, .timeLimit(.minutes(5))) struct MutationTests {
  private func failure(of mutation: Mutation) throws -> FaultFailure {
    let report = FaultCampaign(seeds: 0..<3000, mutation: mutation).run()
    return try #require(report.failures.first, "nobody notices: \(mutation)")
  }

  @Test(arguments: [
    (Mutation.countsDuplicates, [Violation.Promise.exactlyOnce]),
    (.acknowledgesBeforeStoring, [.durable]),
    (.hasNoTimer, [.punctual]),
    (.forgetsMissingRanges, [.whole]),
    (.forgetsStoredUpdates, [.durable, .live, .exactlyOnce]),
    (.keepsItsEpoch, [.incarnation]),
    (.overcommits, [.bounded]),
    (.forgetsSentUpdates, [.kept]),
    (.announcesOnce, [.live]),
    (.forgetsSecondSockets, [.live]),
    (.sleepsWhileOffering, [.awake]),
    (.commitsLate, [.inOrder]),
    (.trainsOnHoles, [.whole]),
    (.spins, [.idle]),
    (.forgetsWhoLeaves, [.live]),
    (.acceptsAnyStaleness, [.fresh]),
    (.countsLateTwice, [.exactlyOnce]),
    (.waitsForSurplus, [.enough]),
    (.ignoresCaps, [.fits]),
    (.mistakesStages, [.covered]),
    (.mistakesScores, [.scored]),
    (.waitsForScores, [.punctual]),
    (.keepsDiscardedModels, [.sound]),
    (.keepsIdleGrants, [.shared]),
    (.trustsListeners, [.present, .live]),
    (.syncsNoFiles, [.durable, .incarnation]),
    (.syncsNoFolders, [.durable, .incarnation]),
    (.renamesFirst, [.durable, .incarnation]),
    (.commitsAtEase, [.booked, .durable]),
    (.writesNoLog, [.booked, .durable]),
    (.booksLate, [.booked, .durable]),
    (.forgetsNormalization, [.normalized]),
    (.tellsNormalizationEarly, [.normalized]),
    (.waitsForSums, [.punctual]),
    (.remembersLate, [.remembered]),
    (.remembersLatest, [.remembered]),
    (.syncsNoMemories, [.remembered]),
  ])
  func `each broken promise is noticed, for what it is`(
    mutation: Mutation, promises: [Violation.Promise]
  ) throws {
    #expect(promises.contains(try failure(of: mutation).violation.promise))
  }

  @Test(arguments: Mutation.allCases)
  func `a failure is shrunk to faults that are all needed, and replays`(mutation: Mutation) throws {
    let failure = try failure(of: mutation)
    let replayed = FaultScenario(seed: failure.scenario.seed, faults: failure.faults)
    #expect(replayed.play(mutation: mutation).violation == failure.violation)
    for index in failure.faults {
      let fewer = failure.faults.filter { $0 != index }
      let outcome = FaultScenario(seed: failure.scenario.seed, faults: fewer)
        .play(mutation: mutation)
      #expect(outcome.violation?.promise != failure.violation.promise)
    }
  }

  @Test func `a failure tells seed, faults, the events before it, and how to replay it`() throws {
    let failure = try failure(of: .forgetsSecondSockets)
    let text = failure.description
    #expect(text.hasPrefix("seed \(failure.scenario.seed) at "))
    for fault in failure.scenario.faults { #expect(text.contains("\(fault)")) }
    #expect(text.contains("BROKEN: \(failure.violation.promise.rawValue)"))
    #expect(
      text.hasSuffix(
        "replay: progfed bench faults --seed \(failure.scenario.seed) --only "
          + (failure.faults.isEmpty
            ? "none" : failure.faults.map(String.init).joined(separator: ","))))
  }
}
