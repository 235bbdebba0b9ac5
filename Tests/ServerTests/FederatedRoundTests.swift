import Federation
import Ledger
import Server
import Testing
import Wire

/// Whole rounds of a server, in which updates are made up.
struct FederatedRoundTests {
  /// The keys of training, without control variates and with them.
  private static let kinds = ["", ", correction: scaffold"]

  @Test(arguments: kinds)
  func `an update is decoded once on its way into the spool, and once when it is folded`(
    training: String
  ) throws {
    let bench = try ServerBench(training)
    let round = bench.server.round(1)
    let model = try round.announce().model
    var accepted: [(client: Int, outcome: RoundResult.Outcome)] = []
    for client in 0..<3 {
      let (bytes, submission) = try bench.update(0.01, round: 1, model: model)
      #expect(
        try round.validate(bytes, of: client, attempt: 0, submission) == .accepted)
      #expect(bench.server.decodedUpdates == client + 1)
      accepted.append((client, .accepted(submission)))
    }
    try bench.close(1, accepted)
    #expect(bench.server.decodedUpdates == 6)
  }

  @Test func `an update that a killed process stored is decoded once more, when it is folded`()
    throws
  {
    let bench = try ServerBench()
    let model = try bench.server.round(1).announce().model
    let (bytes, submission) = try bench.update(0.01, round: 1, model: model)
    _ = try bench.server.round(1).validate(bytes, of: 2, attempt: 0, submission)
    try bench.server.sync()
    try bench.restart()
    #expect(try bench.server.recover(round: 1) == [2: submission])
    try bench.close(1, [(2, .accepted(submission))])
    #expect(bench.server.decodedUpdates == 1)
  }

  @Test func `updates of another model than the recovered one don't count`() throws {
    let bench = try ServerBench()
    let model = try bench.server.round(1).announce().model
    var (bytes, submission) = try bench.update(0.01, round: 1, model: model)
    submission.offer.base = submission.offer.digest
    _ = try bench.server.round(1).validate(bytes, of: 2, attempt: 0, submission)
    try bench.server.sync()
    try bench.restart()
    #expect(try bench.server.recover(round: 1) == [:])
  }

  @Test(arguments: kinds)
  func `a run that goes on from a checkpoint ends at the bits of one that never stopped`(
    training: String
  ) throws {
    let codecs = "{up: linear8, down: linear8, downDelta: stc5}"
    let (whole, stopped) = (
      try ServerBench(training, codecs: codecs), try ServerBench(training, codecs: codecs)
    )
    for round in 1...6 {
      let values: [(Int, Float)] = [(0, 0.01 * Float(round)), (2, -0.02)]
      try whole.play(round: round, values)
      try stopped.play(round: round, values)
      if round.isMultiple(of: 2) { try stopped.restart() }
    }
    let digest = try whole.finish()
    #expect(digest != nil)
    #expect(try stopped.finish() == digest)
  }

  @Test func `the order in which updates arrive changes nothing`() throws {
    let (first, second) = (try ServerBench(), try ServerBench())
    try first.play(round: 1, [(0, 0.01), (1, 1e-7), (2, -0.03)])
    try second.play(round: 1, [(2, -0.03), (0, 0.01), (1, 1e-7)])
    let digest = try first.finish()
    #expect(digest != nil)
    #expect(try second.finish() == digest)
  }

  @Test func `a round without an acknowledged update isn't closed`() throws {
    let bench = try ServerBench()
    let model = try bench.server.round(1).announce().model
    let (_, submission) = try bench.update(0.01, round: 1, model: model)
    let error = #expect(throws: LedgerError.self) {
      try bench.close(1, [(1, .accepted(submission))])
    }
    #expect(error?.problem.contains("client 1's update of round 1 is gone") == true)
  }
}
