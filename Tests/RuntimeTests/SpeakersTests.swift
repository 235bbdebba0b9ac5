import Runtime
import Testing

/// The connections over which clients speak.
struct SpeakersTests {
  @Test func `a connection's end names those that last spoke over it`() {
    var speakers = Speakers(clients: 10)
    for client in [4, 2, 9] { #expect(speakers.heard(client, over: 11) == true) }
    #expect(speakers.heard(2, over: 12) == true)
    #expect(speakers.heard(5, over: nil) == true)
    #expect(speakers.lose(11) == [4, 9])
    #expect(speakers.lose(12) == [2])
    #expect(speakers.lose(12) == [])
  }

  @Test func `what is read of a connection that is gone doesn't bring its client back`() {
    var speakers = Speakers(clients: 10)
    #expect(speakers.heard(4, over: 11) == true)
    #expect(speakers.lose(11) == [4])
    #expect(speakers.heard(4, over: 11) == false)
    // Another connection gets the descriptor.
    speakers.accepted(11)
    #expect(speakers.heard(4, over: 11) == true)
    #expect(speakers.lose(11) == [4])
  }

  @Test func `nothing is remembered of strangers`() {
    var speakers = Speakers(clients: 10)
    for client in [10, 11, 1 << 31, -1] { #expect(speakers.heard(client, over: 11) == true) }
    #expect(speakers.heard(9, over: 11) == true)
    #expect(speakers.lose(11) == [9])
  }
}
