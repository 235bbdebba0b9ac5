import Foundation
import Live
import Testing

@Suite struct LiveServerTests {
  @Test func `an address that others can reach is refused unless that is wanted`() throws {
    let ledger = URL(fileURLWithPath: "/nowhere/run.sqlite")
    let address = try #require(LiveAddress("0.0.0.0:0"))
    #expect(throws: LiveError.exposed("0.0.0.0:0")) { _ = try LiveServer(ledger, at: address) }
  }
}
