import Codecs
import Bytes
import Federation
import Testing
import Wire

@Suite struct PathTests {
  private let chain = Segment.chain("block1", [1, 2, 3, 4], keyframe: 100, delta: 10)

  private func held(_ contents: UInt8...) -> [UInt64] {
    contents.map { Segment.state($0).prefix }
  }

  @Test func `who holds nothing takes the keyframe and all differences`() {
    #expect(chain.path(from: []) == chain.steps)
  }

  @Test func `who holds a state of the chain takes what comes after it`() {
    for (content, count): (UInt8, Int) in [(1, 3), (2, 2), (3, 1), (4, 0)] {
      #expect(chain.path(from: held(content)) == Array(chain.steps.suffix(count)))
    }
    #expect(chain.path(from: held(1, 3, 2)) == Array(chain.steps.suffix(1)))
  }

  @Test func `a state from before the keyframe is of no use`() {
    #expect(chain.path(from: held(77)) == chain.steps)
  }

  @Test func `a keyframe is taken where the differences weigh more`() {
    var segment = Segment.chain("block1", [1, 2, 3], keyframe: 100, delta: 60)
    let target = segment.state.prefix
    segment.steps.append(
      ModelPatch(
        digest: Digest(of: [9]), length: 110, codec: .values(.dense32), from: nil, to: target))
    #expect(segment.path(from: held(1)) == [segment.steps[3]])
    #expect(segment.path(from: held(2)) == [segment.steps[2]])
  }

  @Test func `an anchor leads to the state in one step, from which it isn't fetched again`() {
    var segment = Segment.keyframe("block1", 1, length: 100)
    segment.state = Segment.state(5)
    segment.steps.append(
      ModelPatch(
        digest: Digest(of: [5]), length: 20, codec: .values(.dense32),
        from: Segment.state(1).prefix,
        to: segment.state.prefix))
    #expect(segment.path(from: []) == segment.steps)
    #expect(segment.path(from: held(4)) == segment.steps)
    #expect(segment.path(from: held(1)) == [segment.steps[1]])
  }

  @Test func `steps that lead nowhere are no way`() {
    var segment = chain
    segment.steps.remove(at: 1)
    #expect(segment.path(from: []) == nil)
    #expect(segment.path(from: held(2)) == Array(chain.steps.suffix(2)))
    segment.steps = []
    #expect(segment.path(from: held(1)) == nil)
    #expect(segment.path(from: held(4)) == [])
    // Around in a circle.
    let state = Segment.state(4).prefix
    segment.steps = [
      ModelPatch(
        digest: Digest(of: [1]), length: 1, codec: .values(.dense32), from: state, to: state)
    ]
    #expect(segment.path(from: held(1)) == nil)
  }
}
