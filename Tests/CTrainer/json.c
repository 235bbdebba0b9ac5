#include "json.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { DEEPEST = 64 };

struct reader {
  const char *at, *end;
};

static struct json *read_value(struct reader *reader, int depth);

static void skip_space(struct reader *reader) {
  while (reader->at < reader->end && strchr(" \t\r\n", *reader->at) && *reader->at) reader->at++;
}

static bool accept(struct reader *reader, char token) {
  skip_space(reader);
  if (reader->at == reader->end || *reader->at != token) return false;
  reader->at++;
  return true;
}

static bool accept_word(struct reader *reader, const char *word) {
  size_t length = strlen(word);
  if ((size_t)(reader->end - reader->at) < length || memcmp(reader->at, word, length)) return false;
  reader->at += length;
  return true;
}

static int hexadecimal(struct reader *reader) {
  int value = 0;
  for (int digit = 0; digit < 4; digit++) {
    if (reader->at == reader->end || !isxdigit((unsigned char)*reader->at)) return -1;
    char c = *reader->at++;
    value = value * 16 + (c <= '9' ? c - '0' : (c | 32) - 'a' + 10);
  }
  return value;
}

// Appends a character in UTF-8.
static char *append(char *to, int c) {
  if (c < 0x80) {
    *to++ = (char)c;
    return to;
  }
  if (c < 0x800) {
    *to++ = (char)(0xC0 | c >> 6);
  } else {
    if (c < 0x10000) {
      *to++ = (char)(0xE0 | c >> 12);
    } else {
      *to++ = (char)(0xF0 | c >> 18);
      *to++ = (char)(0x80 | (c >> 12 & 0x3F));
    }
    *to++ = (char)(0x80 | (c >> 6 & 0x3F));
  }
  *to++ = (char)(0x80 | (c & 0x3F));
  return to;
}

// The character of an escape behind its backslash; -1 if there is none that is allowed.
static int escape(struct reader *reader) {
  if (reader->at == reader->end) return -1;
  char c = *reader->at++;
  const char *from = "\"\\/bfnrt", *to = "\"\\/\b\f\n\r\t", *place = strchr(from, c);
  if (c && place) return to[place - from];
  if (c != 'u') return -1;
  int unit = hexadecimal(reader);
  if (unit >= 0xD800 && unit < 0xDC00) {
    if (!accept_word(reader, "\\u")) return -1;
    int low = hexadecimal(reader);
    if (low < 0xDC00 || low > 0xDFFF) return -1;
    return 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
  }
  return unit == 0 || (unit >= 0xDC00 && unit < 0xE000) ? -1 : unit;
}

// A text from behind its first quotation mark; NULL if it isn't one.
static char *read_text(struct reader *reader) {
  const char *end = reader->at;
  while (end < reader->end && *end != '"') end += *end == '\\' && end + 1 < reader->end ? 2 : 1;
  char *text = malloc((size_t)(end - reader->at) + 4), *to = text;
  if (!text) return NULL;
  while (reader->at < reader->end) {
    unsigned char c = (unsigned char)*reader->at++;
    int value = c;
    if (c == '"') {
      *to = 0;
      return text;
    }
    if (c < 0x20) break;
    if (c == '\\') {
      value = escape(reader);
      if (value < 0) break;
      to = append(to, value);
    } else {
      *to++ = (char)c;
    }
  }
  free(text);
  return NULL;
}

static bool skip_digits(struct reader *reader) {
  const char *start = reader->at;
  while (reader->at < reader->end && isdigit((unsigned char)*reader->at)) reader->at++;
  return reader->at > start;
}

static bool read_number(struct reader *reader, double *number) {
  const char *start = reader->at;
  accept_word(reader, "-");
  if (!accept_word(reader, "0") && !skip_digits(reader)) return false;
  if (accept_word(reader, ".") && !skip_digits(reader)) return false;
  if (accept_word(reader, "e") || accept_word(reader, "E")) {
    if (!accept_word(reader, "+")) accept_word(reader, "-");
    if (!skip_digits(reader)) return false;
  }
  char digits[64];
  size_t length = (size_t)(reader->at - start);
  if (length >= sizeof digits) return false;
  memcpy(digits, start, length);
  digits[length] = 0;
  *number = strtod(digits, NULL);
  return true;
}

// Reads members or elements up to `close`; false if they aren't as they should be.
static bool read_inside(struct reader *reader, struct json *value, char close, int depth) {
  if (accept(reader, close)) return true;
  struct json **last = &value->first;
  do {
    char *name = NULL;
    if (value->kind == JSON_OBJECT) {
      if (!accept(reader, '"') || !(name = read_text(reader))) return false;
      if (json_member(value, name) || !accept(reader, ':')) {
        free(name);
        return false;
      }
    }
    struct json *inner = read_value(reader, depth + 1);
    if (!inner) {
      free(name);
      return false;
    }
    inner->name = name;
    *last = inner;
    last = &inner->next;
    value->count++;
  } while (accept(reader, ','));
  return accept(reader, close);
}

static struct json *read_value(struct reader *reader, int depth) {
  skip_space(reader);
  struct json *value = calloc(1, sizeof *value);
  if (!value) return NULL;
  bool sound = false;
  if (depth >= DEEPEST || reader->at == reader->end) {
    sound = false;
  } else if (accept_word(reader, "null")) {
    sound = true;
  } else if (accept_word(reader, "true")) {
    value->kind = JSON_TRUE;
    sound = true;
  } else if (accept_word(reader, "false")) {
    value->kind = JSON_FALSE;
    sound = true;
  } else if (accept(reader, '"')) {
    value->kind = JSON_TEXT;
    value->text = read_text(reader);
    sound = value->text;
  } else if (accept(reader, '[')) {
    value->kind = JSON_LIST;
    sound = read_inside(reader, value, ']', depth);
  } else if (accept(reader, '{')) {
    value->kind = JSON_OBJECT;
    sound = read_inside(reader, value, '}', depth);
  } else {
    value->kind = JSON_NUMBER;
    sound = read_number(reader, &value->number);
  }
  if (sound) return value;
  json_free(value);
  return NULL;
}

struct json *json_read(const char *text, size_t length) {
  struct reader reader = {text, text + length};
  struct json *value = read_value(&reader, 0);
  skip_space(&reader);
  if (value && reader.at == reader.end) return value;
  json_free(value);
  return NULL;
}

void json_free(struct json *value) {
  while (value) {
    struct json *next = value->next;
    json_free(value->first);
    free(value->text);
    free(value->name);
    free(value);
    value = next;
  }
}

const struct json *json_member(const struct json *object, const char *name) {
  if (!object || object->kind != JSON_OBJECT) return NULL;
  for (const struct json *member = object->first; member; member = member->next)
    if (!strcmp(member->name, name)) return member;
  return NULL;
}
