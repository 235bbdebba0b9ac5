import Bytes
import Codecs
import Federation
import Foundation
import Ledger
import Progressive
import Server
import Simulation
import Testing
import Wire

/// The answers of a backend as a run in virtual time keeps them.
struct AnswerJournalTests {
  /// A journal as earlier versions wrote it: two rounds, of which the second was going on.
  private static let text = """
    {"calls":8,"models":[{"heads":[],"round":1,"segments":[{"name":"block1","state":"\(state)",\
    "steps":[{"codec":"linear8","digest":"\(digest)","length":1280,"to":672692528893220492}],\
    "trained":true}],"updateLimit":2608},{"heads":[{"name":"head1","state":"\(digest)",\
    "steps":[{"codec":"initial","digest":"\(state)","length":8,"to":9}],"trained":true}],"round":2,\
    "segments":[{"name":"block1.control","state":"\(state)","steps":[{"codec":"stc5",\
    "digest":"\(digest)","from":672692528893220492,"length":93,"to":7}],"trained":false}],\
    "updateLimit":93}],"outcomes":{"0":{"trained":{"base":"\(state)","digest":"\(digest)",\
    "length":2608,"loss":1075216768,"samples":50,"skipped":1,"steps":3}},"1":{"failed":{"detail":\
    "it has no samples","reason":3}}},"stores":[{},{"detail":"of block1","reason":6}],\
    "trace":11007267674216698614,"traces":[597333751897018916],"trainings":2}
    """
  private static let state = "0955e24a7bbd568c1a3447a910165dc4f87de229aca8d397983d426b17b85b5c"
  private static let digest = "a91c700edaa34af07dca5b3477be2fc393c18d0b0d09971f093367032a72f9a6"

  private static func decode(_ text: String) throws -> AnswerJournal {
    try JSONDecoder().decode(AnswerJournal.self, from: Data(text.utf8))
  }

  @Test func `journals of earlier versions are read, and written in the same way`() throws {
    let journal = try Self.decode(Self.text)
    #expect(journal.calls == 8 && journal.trainings == 2)
    #expect(journal.models.map(\.round) == [1, 2] && journal.models[1].heads.count == 1)
    let control = try #require(journal.models[1].segments.first)
    #expect(control.name == "block1.control" && !control.trained)
    #expect(control.steps[0].from == 672_692_528_893_220_492)
    #expect(control.steps[0].codec == .values(try #require(CodecSpec("stc5"))))
    #expect(journal.models[1].heads[0].steps[0].codec == .initial)
    let refusal = try #require(RefusalReason(rawValue: 6))
    #expect(journal.stores == [.accepted, .refused(refusal, detail: "of block1")])
    let offer = Offer(
      length: 2608, digest: try #require(Digest(hex: Self.digest)), samples: 50,
      base: try #require(Digest(hex: Self.state)), loss: Float(bitPattern: 1_075_216_768), steps: 3,
      skippedSteps: 1)
    let reason = try #require(DeclineReason(rawValue: 3))
    #expect(
      journal.outcomes == [0: .trained(offer), 1: .failed(reason, detail: "it has no samples")])
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    #expect(String(decoding: try encoder.encode(journal), as: UTF8.self) == Self.text)
  }

  @Test func `a loss that is no number is kept by its bits`() throws {
    var offer = Offer(
      length: 1, digest: Digest(of: [1]), samples: 1, base: Digest(of: [2]), loss: .infinity,
      steps: 1, skippedSteps: 0)
    let again = try JSONDecoder().decode(
      TrainingOutcome.self, from: JSONEncoder().encode(TrainingOutcome.trained(offer)))
    #expect(again == .trained(offer))
    offer.loss = Float(bitPattern: 0x7fc0_1234)
    guard
      case .trained(let odd) = try JSONDecoder().decode(
        TrainingOutcome.self, from: JSONEncoder().encode(TrainingOutcome.trained(offer)))
    else {
      Issue.record("a failure")
      return
    }
    #expect(odd.loss.bitPattern == 0x7fc0_1234)
  }

  @Test(arguments: [
    (#""reason":6"#, #""reason":99"#), (#""reason":3"#, #""reason":99"#), ("linear8", "linear99"),
    ("0955e24a", "0955e24"), (#""calls":8,"#, ""), (#"{"trained":"#, #"{"begun":"#),
  ])
  func `other journals aren't read`(part: String, damage: String) {
    let text = Self.text.replacingOccurrences(of: part, with: damage)
    #expect(text != Self.text)
    #expect(throws: DecodingError.self) { try Self.decode(text) }
  }

  @Test func `an announced model is that of its round alone`() throws {
    let schedule = GrowthSchedule(rounds: [1, 1])
    let model = PreparedModel(
      phase: schedule.phase(in: 2), segments: try Self.decode(Self.text).models[0].segments,
      updateLimit: 9, shallowHeads: [])
    let kept = AnnouncedModel(model)
    #expect(kept.prepared(for: schedule.phase(in: 2)) == model)
    #expect(kept.prepared(for: schedule.phase(in: 1)) == nil)
  }

  @Test func `calls are told apart by what they are, their numbers and their order`() {
    func trace(_ calls: [AnswerJournal.Call]) -> UInt64 {
      var journal = AnswerJournal()
      for call in calls { journal.note(call) }
      return journal.trace
    }
    let lists: [[AnswerJournal.Call]] = [
      [], [.prepare(round: 1)], [.prepare(round: 2)], [.keep(client: 1)], [.keep(client: 2)],
      [.keep(client: 1), .keep(client: 2)], [.keep(client: 2), .keep(client: 1)],
      [.begin(client: 1, round: 2)], [.begin(client: 2, round: 1)],
      [.store(round: 1, client: 2, attempt: 1)], [.store(round: 1, client: 1, attempt: 2)],
    ]
    #expect(Set(lists.map(trace)).count == lists.count)
    #expect(trace(lists[5]) == trace(lists[5]))
  }
}
