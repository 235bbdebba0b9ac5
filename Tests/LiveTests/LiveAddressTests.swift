import Live
import Testing

@Suite struct LiveAddressTests {
  @Test(arguments: [
    ("127.0.0.1:8080", "127.0.0.1:8080", true), ("localhost:0", "localhost:0", true),
    ("[::1]:80", "[::1]:80", true), ("0.0.0.0:8080", "0.0.0.0:8080", false),
    ("[::]:8080", "[::]:8080", false), ("10.0.0.1:1", "10.0.0.1:1", false),
    ("127.1.2.3:1", "127.1.2.3:1", true), ("127.evil.example:1", "127.evil.example:1", false),
    ("127.0.0.1.example:1", "127.0.0.1.example:1", false), ("127.0.0:1", "127.0.0:1", false),
  ])
  func `addresses are read, and it is known who can reach them`(
    text: String, written: String, isLocal: Bool
  ) throws {
    let address = try #require(LiveAddress(text))
    #expect("\(address)" == written)
    #expect(address.isLocal == isLocal)
  }

  @Test(arguments: ["", ":", "8080", ":8080", "host:", "host:65536", "::1:80", "[::1]", "[a]:1"])
  func `what is no address is none`(text: String) { #expect(LiveAddress(text) == nil) }
}
