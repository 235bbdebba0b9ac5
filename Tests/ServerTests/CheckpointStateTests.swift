import Foundation
import Ledger
import Server
import Testing

/// The JSON of checkpoints.
struct CheckpointStateTests {
  /// The state of a checkpoint of an earlier version: a run with differences, SCAFFOLD and a best
  /// model.
  private static let text = """
    {"accuracy":0.1,"best":{"round":2,"score":0.1,"stage":1},"collapse":{"best":0.1,\
    "lowInARow":1,"reported":0},"course":{"starts":[1,3,5],"watch":{"misses":0,\
    "movements":[]}},"elapsed":0.270509586,"history":{"reliabilities":{"0":1,"2":1,"3":1,\
    "4":1,"5":1},"restrictions":{},"turns":{"0":5,"2":2,"3":3,"4":1,"5":4}},\
    "loss":2.32162594793886,"model":{"changed":["block3","head3"],\
    "controls":{"changed":["block1","block2","block3","head3"],\
    "references":{"block1":{"keyframeRound":4,\
    "state":"cebe4b5bf8846ea61a6116d8c025a6b5f08ad4409ff3993f38ef4f25ee364700",\
    "steps":[{"codec":"linear8","to":14897427475771715238}]},"block2":{"keyframeRound":4,\
    "state":"3d89d505404996cabe86df8b9fe8af3a7597115f21c817bf568924009129b8f2",\
    "steps":[{"codec":"linear8","to":4434309526653081290}]}}},"optimizerStage":3,\
    "references":{"block1":{"keyframeRound":5,\
    "state":"78743468d3fe050b6f6bc67376da4000bd6e7f547d39b639dc04e1b4b398365e",\
    "steps":[{"codec":"linear8","to":8679620006687671563}]},"block2":{"keyframeRound":3,\
    "state":"9d3c1d5c8ac91f86937ca22791294de18e13cd0fe459cf1e4f1f8c23d39831bb",\
    "steps":[{"codec":"linear8","to":6492516693122521200},{"codec":"stc5",\
    "from":6492516693122521200,"to":15634156890773967781},{"codec":"stc5",\
    "from":15634156890773967781,"to":11329963045859958662}]},"block3":{"keyframeRound":5,\
    "state":"4a33e9a221fd2c9bfb13d47400925e73c65ad6cf7af97180818d2d8f4b11822d",\
    "steps":[{"codec":"linear8","to":5346874065183124635}]},"head1":{"keyframeRound":3,\
    "state":"37753008e7e7280f5f2e69248a59ab7dfa285d51a5a07329cad813d221b7397c",\
    "steps":[{"codec":"linear8","to":3996153059169740815}]},"head2":{"keyframeRound":5,\
    "state":"974729680b16fa8b0f0bae78deea3381f333604b06ef7516b743fa88766a71a9",\
    "steps":[{"codec":"linear8","to":10900726949912967819}]},"head3":{"keyframeRound":5,\
    "state":"713550160a44eba8a077622e6ea5f60db88fe9ec692e897fd26cf4ba2846effa",\
    "steps":[{"codec":"linear8","to":8157514355643313064}]}},"stage":3},\
    "norms":{"accepted":[{"kind":{"codec":"linear8","step":1,"warmUp":false},\
    "norms":[0.013841642571015847,0.014289084612013902,0.014567085041047683,\
    0.003953667998983682,0.019274786555293393,0.01905829528017007],"reaches":[0.05,0.05,0.05,\
    0.05,0.05,0.05]},{"kind":{"codec":"linear8","step":2,"warmUp":true},\
    "norms":[0.02777178158605137,0.02909458277947571,0.02496085004839123],"reaches":[0.05,\
    0.05,0.05]},{"kind":{"codec":"linear8","step":2,"warmUp":false},\
    "norms":[0.007882667028156466,0.035454339289912165,0.007638299405255878],"reaches":[0.05,\
    0.05,0.05]},{"kind":{"codec":"linear8","step":3,"warmUp":true},\
    "norms":[0.05005601022905385,0.04997518242969899,0.05001963229792885],"reaches":[0.05,\
    0.05,0.05]}]},"run":12832044258842052441}
    """

  private static func state(_ text: String) -> CheckpointState? {
    CheckpointState(Checkpoint(round: 5, state: Data(text.utf8)))
  }

  @Test func `checkpoints of earlier versions are read, and written in the same way`() throws {
    let state = try #require(Self.state(Self.text))
    #expect(state.run == 12_832_044_258_842_052_441)
    #expect(String(decoding: try state.json, as: UTF8.self) == Self.text)
  }

  @Test func `checkpoints of versions that kept less are read, too`() throws {
    var text = Self.text
    for key in ["best", "course", "controls", "norms"] {
      let place = try #require(text.range(of: "\"\(key)\""))
      text.replaceSubrange(place, with: "\"not\(key)\"")
    }
    #expect(Self.state(text) != nil)
  }

  @Test(arguments: [
    ("\"block3\"", "\"tail3\""), ("cebe4b5b", "cebe4b5"), ("\"stage\":3}", "\"stage\":null}"),
    ("\"codec\":\"stc5\"", "\"codec\":\"stc\""),
  ])
  func `a state with other names, digests or codecs isn't one`(part: String, damage: String) {
    let text = Self.text.replacingOccurrences(of: part, with: damage)
    #expect(text != Self.text && Self.state(text) == nil)
  }
}
