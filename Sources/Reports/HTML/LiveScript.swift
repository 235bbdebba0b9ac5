/// The script of the live page: puts new contents in as the server sends them.
enum LiveScript {
  /// Keeps what is unfolded unfolded; says when the run has ended or the server is gone.
  static let text = """
    const main = document.querySelector('main');
    const note = document.createElement('p');
    note.className = 'live';
    note.textContent = 'live';
    main.before(note);
    const source = new EventSource('events');
    source.addEventListener('content', event => {
      const open = [...main.querySelectorAll('details')].map(part => part.open);
      main.innerHTML = JSON.parse(event.data);
      [...main.querySelectorAll('details')].forEach((part, at) => { part.open = open[at] ?? false; });
      note.textContent = 'live';
    });
    source.addEventListener('end', () => { source.close(); note.textContent = 'the run has ended'; });
    source.onerror = () => { note.textContent = 'no connection; trying again'; };
    """
}
