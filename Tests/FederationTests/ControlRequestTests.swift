import Federation
import Foundation
import Testing

struct ControlRequestTests {
  private static let requests: [ControlRequest] = [
    .status, .stop, .order(.pause), .order(.resume), .order(.drain), .order(.evict(client: 7)),
    .order(.readmit(clients: [1, 2])), .order(.deadline(.milliseconds(1500))),
    .admit(line: "site-1 \"key\" 0-2"),
  ]

  @Test(arguments: requests) func `a request is read as it was written`(_ request: ControlRequest)
    throws
  {
    #expect(try ControlRequest(json: request.json) == request)
    #expect(!request.json.contains(UInt8(ascii: "\n")), "it is one line")
  }

  @Test(arguments: [
    "", "pause", "{}", "[]", "{\"do\":\"dance\"}", "{\"do\":\"evict\"}", "{\"do\":\"deadline\"}",
    "{\"do\":\"deadline\",\"seconds\":-1}", "{\"do\":\"deadline\",\"seconds\":1e300}",
    "{\"do\":\"admit\"}", "{\"do\":\"admit\",\"clients\":[]}",
    "{\"do\":\"evict\",\"client\":\"x\"}",
  ]) func `anything else is refused with a word`(_ text: String) {
    #expect(throws: ControlFault.self) { try ControlRequest(json: Data(text.utf8)) }
  }

  @Test func `a request that is too long isn't read`() {
    let text = "{\"do\":\"admit\",\"line\":\"\(String(repeating: "a", count: 20_000))\"}"
    #expect(throws: ControlFault.self) { try ControlRequest(json: Data(text.utf8)) }
  }

  @Test func `an answer is one line, and is read as it was written`() throws {
    let answer = ControlAnswer.done("two\nlines, \"quoted\"")
    #expect(!answer.json.contains(UInt8(ascii: "\n")))
    #expect(try JSONDecoder().decode(ControlAnswer.self, from: answer.json) == answer)
  }
}
