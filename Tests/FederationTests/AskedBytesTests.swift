import Federation
import Testing
import Wire

/// Bytes of updates that were asked for, and others.
struct AskedBytesTests {
  private func say(_ body: Downlink, to client: Int? = 3, _ asked: inout AskedBytes) {
    asked.note(Message(Header(run: 1, epoch: 1, round: 1, stage: 1, client: client), body))
  }

  @Test func `what was granted may come once`() {
    var asked = AskedBytes()
    #expect(asked.take(1, of: 3) == false)
    say(.grant(0..<100), &asked)
    #expect(asked.take(60, of: 3) == true)
    #expect(asked.take(10, of: 2) == false)
    #expect(asked.take(41, of: 3) == false)
    #expect(asked.take(40, of: 3) == true)
    #expect(asked.take(1, of: 3) == false)
  }

  @Test func `copies that were asked for again are asked for, up to two`() {
    var asked = AskedBytes()
    say(.grant(0..<100), &asked)
    #expect(asked.take(60, of: 3) == true)
    // The rest is on its way when it is asked for again.
    say(.acknowledge(.incomplete([60..<100])), &asked)
    for _ in 0..<2 { #expect(asked.take(40, of: 3) == true) }
    #expect(asked.take(1, of: 3) == false)
    for _ in 0..<5 { say(.acknowledge(.incomplete([0..<100])), &asked) }
    #expect(asked.take(200, of: 3) == true)
    #expect(asked.take(1, of: 3) == false)
  }

  @Test func `what is said to all, or of something else, asks for nothing`() {
    var asked = AskedBytes()
    say(.grant(0..<100), to: nil, &asked)
    say(.acknowledge(.accepted), &asked)
    say(.acknowledge(.incomplete([0..<10])), &asked)
    #expect(asked.take(1, of: 3) == false)
  }
}
