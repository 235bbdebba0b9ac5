import Bytes
import Testing
import Wire

@Suite struct TopicTests {
  private let digest = Digest(of: Array("abc".utf8))

  @Test func `topics are written as the protocol says`() {
    #expect(Topic.all.text == "a/")
    #expect(Topic.client(12).text == "c/12/")
    #expect(Topic.step(digest).text == "m/ba7816bf8f01cfea/")
  }

  @Test func `topics are read as they are written`() {
    let topics: [Topic] = [.all, .client(0), .client(1), .client(10), .step(digest)]
    for topic in topics { #expect(Topic(topic.text) == topic) }
  }

  @Test func `no topic is another's prefix`() {
    let topics = [Topic.all, .step(digest)] + (0..<1200).map { Topic.client($0) }
    let texts = topics.map(\.text).sorted()
    for (text, next) in zip(texts, texts.dropFirst()) { #expect(!next.hasPrefix(text)) }
  }

  @Test(arguments: [
    "", "/", "a", "a//", "a/b", "b/", "c/", "c//", "c/-1/", "c/+1/", "c/01/", "c/1", "c/1/2",
    "c/1//", "c/x/", "c/99999999999999999999/", "m/", "m//", "m/123/", "m/0123456789abcdef",
    "m/0123456789abcdef0/", "m/0123456789abcdef//",
  ])
  func `other texts are no topics`(text: String) { #expect(Topic(text) == nil) }
}
