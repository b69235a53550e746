"""What readers write who hold a wrong belief, for each exercise and each belief: the body of their function."""

# Each wrong belief, with the body of a function that holds it.
WRONG = {
    "encode-text": {
        "counted from 1": """
            token_of = {character: token for token, character in enumerate(vocabulary, start=1)}
            return torch.tensor([token_of[character] for character in text])""",
        "numbered as they come in the text": """
            token_of = {}
            for character in text:
                token_of.setdefault(character, len(token_of))
            return torch.tensor([token_of[character] for character in text])""",
        "the place in the text": """
            return torch.tensor([token for token, character in enumerate(text)])""",
        "a place in the text for each of the vocabulary": """
            where = {character: place for place, character in enumerate(text)}
            return torch.tensor([where[character] for character in vocabulary])""",
        "the numbers of Unicode": "return torch.tensor(list(text.encode()))",
        "a vocabulary of the text's own": """
            token_of = {character: token for token, character in enumerate(sorted(set(text)))}
            return torch.tensor([token_of[character] for character in text], dtype=torch.long)""",
        "the vocabulary sorted again": """
            known = "".join(sorted(set(vocabulary)))
            return torch.tensor([known.find(character) for character in text]).long()""",
        "each character once": """
            tokens = []
            for character in text:
                if vocabulary.index(character) not in tokens:
                    tokens.append(vocabulary.index(character))
            return torch.tensor(tokens).long()""",
        "spaces and line ends are no characters": """
            return torch.tensor([vocabulary.index(character) for word in text.split() for character in word])""",
        "one-hot rows": """
            tokens = torch.tensor([vocabulary.index(character) for character in text])
            return F.one_hot(tokens, num_classes=len(vocabulary))""",
    },
    "merge-pair": {
        "the new token at both places": """
            out = tokens.clone()
            for i in range(len(tokens) - 1):
                if tokens[i] == first and tokens[i + 1] == second:
                    out[i] = out[i + 1] = new
            return out""",
        "either token is replaced": """
            return torch.tensor([new if token in (first, second) else token for token in tokens.tolist()])""",
        "either order will do": """
            out = []
            for token in tokens.tolist():
                if out and {out[-1], token} == {first, second}:
                    out[-1] = new
                else:
                    out.append(token)
            return torch.tensor(out)""",
        "only the first pair": """
            for i in range(len(tokens) - 1):
                if tokens[i] == first and tokens[i + 1] == second:
                    return torch.cat([tokens[:i], torch.tensor([new]), tokens[i + 2 :]])
            return tokens""",
        "one of the two is left standing": """
            is_pair = (tokens[:-1] == first) & (tokens[1:] == second)
            out = tokens.clone()
            out[:-1][is_pair] = new
            return out""",
        "taken out, and nothing written": """
            out = []
            for token in tokens.tolist():
                if out and (out[-1], token) == (first, second):
                    out.pop()
                else:
                    out.append(token)
            return torch.tensor(out)""",
        "the last token is forgotten": """
            out, i = [], 0
            while i < len(tokens) - 1:
                found = tokens[i] == first and tokens[i + 1] == second
                out.append(new if found else tokens[i].item())
                i += 2 if found else 1
            return torch.tensor(out)""",
        "there is always a next token": """
            out, i = [], 0
            tokens = tokens.tolist()
            while i < len(tokens):
                if tokens[i] == first and tokens[i + 1] == second:
                    out.append(new)
                    i += 1
                else:
                    out.append(tokens[i])
                i += 1
            return torch.tensor(out)""",
        "a token in two pairs": """
            out = []
            for i in range(len(tokens)):
                if i + 1 < len(tokens) and tokens[i] == first and tokens[i + 1] == second:
                    out.append(new)
                elif i == 0 or tokens[i] != second or tokens[i - 1] != first:
                    out.append(tokens[i].item())
            return torch.tensor(out)""",
        "from right to left": """
            out, i = tokens.tolist(), len(tokens) - 2
            while i >= 0:
                if out[i : i + 2] == [first, second]:
                    out[i : i + 2] = [new]
                i -= 1
            return torch.tensor(out)""",
    },
    "shift-targets": {
        "the chunk itself": """
            return torch.stack([tokens[start : start + context_length] for start in starts])""",
        "shifted the other way": """
            return torch.stack([tokens.roll(1)[start : start + context_length] for start in starts])""",
        "the next chunk": """
            rows = []
            for start in starts:
                end = start + context_length
                rows.append(tokens[end : end + context_length])
            return torch.stack(rows)""",
        "only the last position predicts": """
            return torch.stack([tokens[start + context_length] for start in starts])""",
        "starts count chunks": """
            rows = []
            for start in starts:
                begin = start * context_length
                rows.append(tokens[begin + 1 : begin + context_length + 1])
            return torch.stack(rows)""",
        "the chunk along with its targets": """
            return tokens.unfold(0, context_length + 1, 1)[starts]""",
        "the last position has no target": """
            return torch.stack([tokens[start + 1 : start + context_length] for start in starts])""",
        "the chunk goes round in a circle": """
            chunk = torch.stack([tokens[start : start + context_length] for start in starts])
            return torch.cat([chunk[:, 1:], chunk[:, :1]], dim=1)""",
    },
    "softmax-rows": {
        "scores divided by their sum": "return torch.stack([row / sum(row) for row in scores])",
        "negative scores made positive, or 0": "return F.normalize(F.relu(scores), p=1, dim=-1)",
        "an exponential can hold anything": """
            shares = math.e**scores
            return shares / shares.sum(-1, keepdim=True)""",
        "the largest of the whole table is taken away": """
            shares = torch.exp(scores - torch.max(scores))
            return shares / shares.sum(-1)[..., None]""",
        "the sum of the whole table": "return scores.flatten().softmax(0).view_as(scores)",
        "columns sum to one": """
            shares = (scores - scores.max(0).values).exp()
            return shares / shares.sum(0)""",
        "dim=1 is the row": """
            shares = (scores - scores.amax(dim=1, keepdim=True)).exp()
            return shares / shares.sum(1, keepdim=True)""",
        "one number a row, lined up with the columns": """
            scores = scores - scores.max(-1, keepdim=True)[0]
            return scores.exp().div(scores.exp().sum(-1))""",
        "max gives the largest alone": """
            shares = torch.exp(scores - scores.max(-1))
            return shares / shares.sum(-1, keepdim=True)""",
        "the exponential is the weight": "return torch.exp(scores)",
        "powers of 2": "return (scores * math.log(2)).softmax(-1)",
        "the logarithms of the weights": "return scores - scores.logsumexp(-1, keepdim=True)",
        "the highest takes all": "return (scores == scores.amax(-1, keepdim=True)).float()",
    },
    "count-and-smooth": {
        "rows are the tokens after": """
            counts = torch.ones(vocab_size, vocab_size)
            for i in range(1, len(tokens)):
                counts[tokens[i], tokens[i - 1]] += 1
            return F.normalize(counts, p=1, dim=1)""",
        "divided by the sums of before": """
            counts = torch.zeros(vocab_size, vocab_size)
            for i in range(1, len(tokens)):
                counts[tokens[i - 1], tokens[i]] += 1
            sums = counts.sum(1, keepdim=True)
            counts += 1
            return counts / sums""",
        "nothing added": """
            here, after = F.one_hot(tokens[:-1], vocab_size), F.one_hot(tokens[1:], vocab_size)
            counts = here.T @ after
            return counts / counts.sum(1, keepdim=True)""",
        "one added after the division": """
            counts = torch.zeros(vocab_size, vocab_size)
            for i in range(1, len(tokens)):
                counts[tokens[i - 1], tokens[i]] += 1
            p = counts / counts.sum(1)[:, None]
            return (1 + p) / (vocab_size + 1)""",
        "one added only where there was 0": """
            counts = torch.zeros(vocab_size, vocab_size)
            for i in range(1, len(tokens)):
                counts[tokens[i - 1], tokens[i]] += 1
            counts[counts == 0] = 1
            return counts / counts.sum(1, keepdim=True)""",
        "each pair once, however often it occurs": """
            counts = torch.ones(vocab_size, vocab_size)
            counts[tokens[:-1], tokens[1:]] += 1
            return counts / counts.sum(1, keepdim=True)""",
        "the sums of the rows, lined up with the columns": """
            counts = torch.ones(vocab_size, vocab_size)
            for i in range(1, len(tokens)):
                counts[tokens[i - 1], tokens[i]] += 1
            return counts / counts.sum(1)""",
        "columns sum to one": """
            here, after = F.one_hot(tokens[:-1], vocab_size), F.one_hot(tokens[1:], vocab_size)
            return F.normalize(here.T @ after + 1.0, p=1, dim=0)""",
        "the whole table sums to one": """
            here, after = F.one_hot(tokens[:-1], vocab_size), F.one_hot(tokens[1:], vocab_size)
            return (here.T @ after + 1) / (len(tokens) - 1 + vocab_size**2)""",
        "neighbours on both sides": """
            counts = torch.ones(vocab_size, vocab_size)
            for a, b in zip(tokens.tolist(), tokens.tolist()[1:]):
                counts[a, b] += 1
                counts[b, a] += 1
            return counts / counts.sum(1, keepdim=True)""",
        "the last token is followed by the first": """
            counts = torch.ones(vocab_size, vocab_size)
            for i in range(len(tokens)):
                counts[tokens[i - 1], tokens[i]] += 1
            return counts / counts.sum(1, keepdim=True)""",
    },
    "witten-bell": {
        "one count is handed on": "return (counts + shorter) / (sum(counts) + 1)",
        "half and half": "return 0.5 * F.normalize(counts, p=1, dim=0) + 0.5 * shorter",
        "every token of the vocabulary is a kind": """
            V = counts.size(0)
            return (counts + V * shorter) / (counts.sum() + V)""",
        "the kinds that never followed": """
            new = len(counts) - counts.count_nonzero()
            return (counts + new * shorter) / (counts.sum() + new)""",
        "divided by the old total": """
            if not counts.any():
                return shorter
            return counts / counts.sum() + counts.count_nonzero() / counts.sum() * shorter""",
        "the shorter context is for what never followed": """
            p = counts / counts.sum()
            p[counts == 0] = shorter[counts == 0]
            return p""",
        "one added to each count": "return (counts + 1) / (counts.sum() + len(counts))",
        "all tokens alike": """
            n = len(counts.nonzero())
            if n == 0:
                return shorter
            return (counts + n * torch.ones_like(shorter).softmax(0)) / (counts.sum() + n)""",
        "the counts alone": "return shorter if counts.sum() == 0 else counts / counts.sum()",
        "a context that never came follows the same rule": """
            share = counts.count_nonzero() / (counts.sum() + counts.count_nonzero())
            return counts / (counts.sum() + counts.count_nonzero()) + share * shorter""",
    },
    "bring-into-range": {
        "divided by B - 1": """
            distance = x - x.mean(0)
            return distance / (distance.pow(2).sum(0) / (len(x) - 1)).sqrt()""",
        "rows instead of columns": "return F.layer_norm(x, x.shape[-1:], eps=0)",
        "one mean and one variance for all": """
            distance = x - x.mean()
            return distance / distance.pow(2).mean().sqrt()""",
        "divided by the variance, the root forgotten": """
            distance = x - x.mean(0)
            return distance / (distance * distance).mean(0)""",
        "the mean is 0, and that is all": "return x - x.sum(0) / len(x)",
        "the mean is left where it was": "return x / ((x - x.mean(0)) ** 2).mean(0).sqrt()",
        "from 0 to 1": """
            low, high = x.min(0).values, x.max(0).values
            return (x - low) / (high - low)""",
        "the mean distance": """
            distance = x - x.mean(0)
            return distance / distance.pow(2).sqrt().mean(0)""",
        "the mean of the squares less the square of the mean": """
            B = len(x)
            variance = (x * x).sum(0) / B - (x.sum(0) / B) ** 2
            return (x - x.mean(0)) / variance**0.5""",
    },
    "crude-average": {
        "the whole text, the future included": """
            scores = torch.zeros(x.size(-2), x.size(-2))
            return scores.tril().softmax(dim=-1) @ x""",
        "divided by T": """
            out = torch.zeros_like(x)
            for t in range(x.size(-2)):
                out[..., t, :] = x[..., : t + 1, :].sum(dim=-2) / x.size(-2)
            return out""",
        "the sum is the average": "return torch.ones(x.size(-2), x.size(-2)).tril() @ x",
        "divided by t, counted from 0": """
            rows = [x[..., : t + 1, :].sum(dim=-2) / torch.tensor(float(t)) for t in range(x.size(-2))]
            return torch.stack(rows, dim=-2)""",
        "a position does not hear itself": """
            out = torch.zeros_like(x)
            for t in range(1, x.size(-2)):
                out[..., t, :] = x[..., :t, :].mean(dim=-2)
            return out""",
        "the rest instead of the past": """
            past = torch.ones(x.size(-2), x.size(-2)).triu()
            return past / past.sum(dim=-1, keepdim=True) @ x""",
        "half of the average so far, half of the new letter": """
            rows = [x[..., 0, :]]
            for t in range(1, x.size(-2)):
                rows.append(0.5 * rows[-1] + 0.5 * x[..., t, :])
            return torch.stack(rows, dim=-2)""",
        "the sums of the rows, lined up with the columns": """
            past = torch.ones(x.size(-2), x.size(-2)).tril()
            return (past / past.sum(1)) @ x""",
        "averages that are read again": """
            for t in range(x.size(-2)):
                x[..., t, :] = x[..., : t + 1, :].mean(dim=-2)
            return x""",
        "time is the last dimension": "return x.cumsum(-1) / torch.arange(1, x.size(-1) + 1)",
        "time is the first dimension": """
            return torch.stack([x[: t + 1].mean(dim=0) for t in range(len(x))])""",
    },
    "causal-mask": {
        "True means hidden": "return torch.ones(Tq, Tk).triu(Tk - Tq + 1) == 1",
        "the upper triangle": "return torch.ones(Tq, Tk).triu().bool()",
        "nobody looks at themselves": "return torch.ones(Tq, Tk).tril(diagonal=-1) == 1",
        "everyone may look at everyone": "return torch.full((Tq, Tk), True)",
        "the first query stands at the first key": "return torch.tril(torch.ones(Tq, Tk)) == 1",
        "moved the other way": "return torch.ones(Tq, Tk).tril(Tq - Tk) == 1",
        "one step too far": "return torch.tensor([[j <= Tk - Tq + i + 1 for j in range(Tk)] for i in range(Tq)])",
        "something to add to the scores": """
            return torch.zeros(Tq, Tk) + torch.full((Tq, Tk), -math.inf).triu(Tk - Tq + 1)""",
        "the weights of the crude average": """
            past = torch.ones(Tq, Tk).tril(Tk - Tq)
            return past / past.sum(dim=1, keepdim=True)""",
        "always a square": "return torch.ones(Tk, Tk, dtype=torch.bool).tril()",
        "rows are keys": "return torch.tensor([[j <= Tk - Tq + i for i in range(Tq)] for j in range(Tk)]).T.mT",
    },
    "softmax-backward": {
        "each weight hangs on its own score alone": """
            diagonal = weights - weights.pow(2)
            return diagonal * gradient""",
        "weight times gradient": "return torch.mul(gradient, weights)",
        "the weight is left out": """
            average = torch.einsum("...k,...k->...", weights, gradient)
            return gradient - average[..., None]""",
        "all weights count alike": """
            Tk = weights.size(-1)
            return weights * gradient - weights * gradient.sum(-1, keepdim=True) / Tk""",
        "the other way round": """
            jacobian = weights[..., :, None] * weights[..., None, :] - torch.diag_embed(weights)
            return (jacobian @ gradient[..., None]).squeeze(-1)""",
        "the largest is taken away": """
            largest = gradient.max(dim=-1, keepdim=True).values
            return (gradient - largest) * weights""",
        "the logarithm of the weights": """
            total = torch.ones_like(weights) @ gradient.mT
            return gradient - total.diagonal(dim1=-2, dim2=-1)[..., None] * weights""",
        "probability less target": """
            out = weights.clone()
            out -= gradient
            return out""",
        "sums down the columns": """
            felt = weights * gradient
            return felt - weights * felt.sum(0)""",
        "dim=1 is the row": """
            felt = gradient * weights
            return felt - felt.sum(1, keepdim=True) * weights""",
        "one number a row, lined up with the columns": """
            average = (weights * gradient).sum(-1)
            return (gradient - average) * weights""",
        "one sum for the whole table": """
            average = torch.dot(weights.flatten(), gradient.flatten())
            return weights * gradient - weights * average""",
        "the weights are scores": """
            scores = weights.clone().requires_grad_()
            scores.softmax(-1).backward(gradient)
            return scores.grad""",
    },
    "cross-attend": {
        "who asks shows the keys": """
            scores = torch.matmul(x @ w_q, (x @ w_k).transpose(-1, -2)) * w_q.size(-1) ** -0.5
            return torch.matmul(F.softmax(scores, -1), other @ w_v)""",
        "who asks hands over the values": """
            scores = torch.matmul(x @ w_q, (other @ w_k).transpose(-1, -2)) * w_q.size(-1) ** -0.5
            return torch.matmul(F.softmax(scores, -1), x @ w_v)""",
        "each text reads itself": "return F.scaled_dot_product_attention(x @ w_q, x @ w_k, x @ w_v)",
        "the other text asks": "return F.scaled_dot_product_attention(other @ w_q, x @ w_k, x @ w_v)",
        "a triangle hides what comes later": """
            return F.scaled_dot_product_attention(x @ w_q, other @ w_k, other @ w_v, is_causal=True)""",
        "both texts are read": """
            all = torch.cat([x, other], dim=-2)
            return F.scaled_dot_product_attention(x @ w_q, all @ w_k, all @ w_v)""",
        "one answer for all": """
            summary = (other @ w_v).sum(-2, keepdim=True) / other.size(-2)
            return torch.ones(x.size(-2), 1) @ summary""",
        "no scale": "return F.scaled_dot_product_attention(x @ w_q, other @ w_k, other @ w_v, scale=1)",
        "divided by D, the root forgotten": """
            return F.scaled_dot_product_attention(x @ w_q, other @ w_k, other @ w_v, scale=1 / w_v.size(1))""",
        "divided by the root of another size": """
            return F.scaled_dot_product_attention(x @ w_q, other @ w_k, other @ w_v, scale=len(w_q) ** -0.5)""",
        "softmax over those who ask": """
            scores = other @ w_k @ (x @ w_q).mT / math.sqrt(w_k.size(1))
            return scores.softmax(-1).mT @ (other @ w_v)""",
        "keys and values swapped": """
            return F.scaled_dot_product_attention(x @ w_q, other @ w_v, other @ w_k)""",
        "an exponential can hold anything": """
            shares = torch.exp((x @ w_q) @ (other @ w_k).mT / math.sqrt(w_q.size(1)))
            return (shares / shares.sum(-1, keepdim=True)) @ (other @ w_v)""",
    },
    "padding-mask": {
        "padded at the right": """
            masks = []
            for length in lengths:
                mask = torch.eye(T).bool()
                mask[:length, :length] = torch.ones(length, length).tril().bool()
                masks.append(mask)
            return torch.stack(masks)""",
        "the length counts the padding": """
            mask = torch.eye(T).bool().repeat(len(lengths), 1, 1)
            for b, length in enumerate(lengths):
                mask[b, length:, length:] = torch.ones(T - length, T - length).tril().bool()
            return mask""",
        "one place too many or too few": """
            places = range(T)
            return torch.tensor([
                [[i == j or T - n < j <= i for j in places] for i in places] for n in lengths.tolist()
            ])""",
        "a padded position looks at nothing": """
            places = range(T)
            return torch.tensor([
                [[T - n <= j <= i for j in places] for i in places] for n in lengths.tolist()
            ])""",
        "a padded position looks at its past": """
            places = range(T)
            return torch.tensor([
                [[j <= i and (i < T - n or j >= T - n) for j in places] for i in places] for n in lengths.tolist()
            ])""",
        "padding is hidden as a query only": """
            mask = torch.ones(len(lengths), T, T).tril() == 1
            for b, length in enumerate(lengths):
                mask[b, : T - length] = torch.eye(T)[: T - length] == 1
            return mask""",
        "no padding": "return torch.ones(lengths.numel(), T, T).tril().bool()",
        "the future is seen": """
            mask = torch.eye(T).bool().repeat(len(lengths), 1, 1)
            for b, length in enumerate(lengths):
                mask[b, T - length :, T - length :] = True
            return mask""",
        "rows are keys": """
            mask = torch.eye(T).bool().repeat(len(lengths), 1, 1)
            for b, length in enumerate(lengths):
                mask[b, T - length :, T - length :] = torch.ones(length, length).triu().bool()
            return mask""",
        "True means hidden": """
            hidden = torch.ones(len(lengths), T, T).triu(1) == 1
            for b, length in enumerate(lengths):
                hidden[b, :, : T - length] = True
                hidden[b].fill_diagonal_(False)
            return hidden""",
        "one mask for all texts": """
            longest = max(lengths.tolist())
            mask = torch.eye(T).bool()
            mask[T - longest :, T - longest :] = torch.ones(longest, longest).tril().bool()
            return mask.expand(len(lengths), -1, -1)""",
        "which positions are real": """
            return torch.tensor([[False] * (T - length) + [True] * length for length in lengths.tolist()])""",
        "something to add to the scores": """
            mask = torch.full((len(lengths), T, T), -math.inf).triu(1)
            for b, length in enumerate(lengths):
                mask[b, :, : T - length] = -math.inf
                mask[b].fill_diagonal_(0)
            return mask""",
    },
    "place-tokens": {
        "which, without where": "return F.embedding(tokens, token_table)",
        "the token's number is its place": """
            return F.embedding(tokens, token_table) + F.embedding(tokens, position_table)""",
        "places are counted from the end": """
            T = tokens.shape[1]
            return token_table[tokens] + position_table[torch.arange(T - 1, -1, -1)]""",
        "places are counted from 1": """
            out = token_table[tokens]
            for t in range(tokens.shape[1]):
                out[:, t] += position_table[t + 1]
            return out""",
        "the last rows of the table": """
            start = len(position_table) - tokens.shape[1]
            return token_table[tokens] + position_table[start:]""",
        "each text has a place": """
            places = torch.arange(tokens.size(0)).unsqueeze(1).expand_as(tokens)
            return token_table[tokens] + position_table[places]""",
        "one place for all": """
            return token_table[tokens] + position_table[torch.zeros_like(tokens)]""",
        "the number of the place": """
            out = token_table[tokens]
            for t in range(tokens.size(1)):
                out[:, t] += t
            return out""",
        "added before they are looked up": """
            places = torch.arange(tokens.size(-1)).expand_as(tokens)
            return token_table[places + tokens]""",
        "side by side": """
            where = position_table[: tokens.size(1)].repeat(tokens.size(0), 1, 1)
            return torch.cat((token_table[tokens], where), dim=2)""",
        "one times the other": """
            return torch.einsum("btc,tc->btc", token_table[tokens], position_table[: tokens.size(1)])""",
        "other shares of the two": """
            pair = torch.broadcast_tensors(token_table[tokens], position_table[: tokens.size(1)])
            return torch.stack(pair).mean(0)""",
        "every text fills its context": """
            places = torch.arange(len(position_table))
            return F.embedding(tokens, token_table) + F.embedding(places, position_table)""",
    },
    "write-on": {
        "the text always fits": """
            for _ in range(length):
                tokens = torch.cat([tokens, model(tokens[-context_length:])[:, -1:].argmax(-1)], 1)
            return tokens""",
        "the beginning is kept": """
            text = tokens[0].tolist()
            for _ in range(length):
                logits = model(torch.tensor([text[:context_length]]))
                text.append(int(logits[0, -1].argmax()))
            return torch.tensor([text])""",
        "one token more or less in view": """
            text = tokens[0].tolist()
            for _ in range(length):
                logits = model(torch.tensor([text[-(context_length - 1) :]]))
                text.append(int(logits[0, -1].argmax()))
            return torch.tensor([text])""",
        "a slice that begins before the text": """
            text = tokens[0].tolist()
            for _ in range(length):
                start = len(text) - context_length
                text.append(model(torch.tensor([text[start:]]))[0, -1].argmax().item())
            return torch.tensor([text])""",
        "only the last token is in view": """
            text = tokens[0].tolist()
            for _ in range(length):
                text.append(model(torch.tensor([[text[-1]]]))[0, 0].argmax().item())
            return torch.tensor([text])""",
        "what is cropped is gone": """
            for _ in range(length):
                if tokens.size(1) > context_length:
                    tokens = tokens[:, 1 - context_length - 1 :]
                new = model(tokens)[0, -1].argmax()
                tokens = torch.cat([tokens, new[None, None]], dim=-1)
            return tokens""",
        "the first position speaks": """
            text = tokens[0].tolist()
            for _ in range(length):
                text.append(model(torch.tensor([text[-context_length:]]))[0][0].argmax().item())
            return torch.tensor([text])""",
        "the largest in another direction": """
            for _ in range(length):
                best = model(tokens[:, -context_length:]).max(dim=1).indices
                tokens = torch.cat([tokens, best], dim=-1)
            return tokens""",
        "a token without its dimensions": """
            for _ in range(length):
                _, best = model(tokens[:, -context_length:])[:, -1].max(1)
                tokens = torch.cat((tokens, best), 1)
            return tokens""",
        "one look is enough": """
            new = model(tokens[:, -context_length:])[0, -1].argmax().item()
            return torch.tensor([tokens[0].tolist() + [new] * length])""",
        "every position's token is written down": """
            for _ in range(length):
                tokens = torch.hstack([tokens, model(tokens[:, -context_length:]).max(-1).indices])
            return tokens""",
        "how likely, instead of which": """
            for _ in range(length):
                p = F.softmax(model(tokens[:, -context_length:]), dim=-1)
                tokens = torch.hstack([tokens, p[:, -1].max(-1, keepdim=True)[0]])
            return tokens""",
        "only what is new": """
            text, new = tokens[0].tolist(), []
            for _ in range(length):
                new.append(model(torch.tensor([(text + new)[-context_length:]]))[0, -1].argmax().item())
            return torch.tensor([new])""",
        "another number of steps": """
            while tokens.size(1) < length:
                new = model(tokens[:, -context_length:])[:, -1].max(-1).indices
                tokens = torch.cat([tokens, new[None]], 1)
            return tokens""",
        "new tokens come first": """
            text = tokens[0].tolist()
            for _ in range(length):
                text.insert(0, model(torch.tensor([text[-context_length:]]))[0, -1].argmax().item())
            return torch.tensor([text])""",
    },
    "match-scores": {
        "keys ask queries": 'return torch.einsum("...id,...jd->...ji", q, k)',
        "each query meets its own key only": 'return torch.einsum("...td,...td->...t", q, k)',
        "the products are not added": "return q.unsqueeze(-2) * k.unsqueeze(-3)",
        "another dimension is added up": 'return torch.einsum("...id,...jd->...id", q, k)',
        "keys stand upright by themselves": "return torch.matmul(q, k)",
        "T turns the last two dimensions": "return torch.matmul(q, torch.swapaxes(k, 0, 1))",
        "one text asks another": """
            D = q.size(-1)
            return q.reshape(-1, D) @ k.reshape(-1, D).T""",
        "a match is an angle": "return F.cosine_similarity(q[..., :, None, :], k[..., None, :, :], dim=-1)",
        "a match is being near": "return -(q[..., :, None, :] - k[..., None, :, :]).norm(dim=-1)",
        "no match is below 0": 'return F.relu(torch.einsum("...id,...jd->...ij", q, k))',
        "divided already": "return torch.einsum('...id,...jd->...ij', q, k) * q.size(-1) ** -0.5",
        "weights already": """
            shares = (q @ k.transpose(-2, -1)).exp()
            return shares / shares.sum(dim=-1, keepdim=True)""",
        "the future is hidden already": """
            scores = q @ k.transpose(-2, -1)
            past = torch.ones(q.size(-2), k.size(-2)).tril()
            return scores.masked_fill(past == 0, float("-inf"))""",
    },
    "one-query": {
        "no scale": "return F.softmax(keys @ q, dim=0) @ values",
        "divided by D, the root forgotten": "return F.softmax((keys * q).mean(dim=-1), dim=0) @ values",
        "divided by the root of another size": "return F.softmax(keys @ q / len(keys) ** 0.5, dim=0) @ values",
        "multiplied by the root of D": "return F.softmax(q @ keys.T * math.sqrt(keys.size(1)), dim=0) @ values",
        "scaled after the softmax": "return F.softmax(keys @ q, dim=0) / len(q) ** 0.5 @ values",
        "the best key takes all": """
            _, best = torch.max(q @ keys.T, dim=0)
            return values[best]""",
        "exponentials are weights": """
            out = 0
            for key, value in zip(keys, values):
                out = out + math.e ** (key @ q / math.sqrt(len(q))) * value
            return out""",
        "scores are weights": "return torch.einsum('d,kd,kv->v', q, keys, values)",
        "the keys are handed over": "return F.softmax(keys @ q / len(q) ** 0.5, dim=0) @ keys",
        "keys and values swapped": """
            weights = F.softmax(q @ values.T / math.sqrt(q.numel()), dim=-1)
            return (weights[:, None] * keys).sum(dim=0)""",
        "all values alike": """
            weights = torch.zeros(len(keys)).softmax(dim=0)
            return weights @ values""",
        "the weights are the answer": "return F.softmax(q @ keys.T / len(q) ** 0.5, dim=-1)",
        "weighed, and not added": """
            weights = F.softmax(q @ keys.T / len(q) ** 0.5, dim=-1)
            return torch.stack([w * value for w, value in zip(weights, values)])""",
        "a sum down the keys": """
            scores = torch.matmul(q, keys) / math.sqrt(len(q))
            return F.softmax(scores, dim=0) @ values""",
        "a softmax for each number": """
            weights = F.softmax(keys * q / len(q) ** 0.5, dim=0)
            return (weights * values).sum(0)""",
        "an exponential can hold anything": """
            shares = [math.e ** (key @ q / math.sqrt(len(q))) for key in keys]
            return sum(share * value for share, value in zip(shares, values)) / sum(shares)""",
    },
    "masked-weights": {
        "no mask": "return scores.exp() / scores.exp().sum(dim=-1, keepdim=True)",
        "0 hides": "return F.softmax(scores.masked_fill(~visible, 0), dim=-1)",
        "a little below": "return F.softmax(scores.masked_fill(visible == 0, -1), dim=-1)",
        "as low as the lowest": """
            lowest = scores.min(dim=-1, keepdim=True).values
            return F.softmax(torch.where(visible, scores, lowest), dim=-1)""",
        "a number low enough for these scores": "return F.softmax(scores + (visible.float() - 1) * 10000, dim=-1)",
        "masked after the softmax": "return F.softmax(scores, dim=-1).masked_fill(~visible, 0)",
        "masked after the softmax, and divided again": """
            weights = F.softmax(scores, dim=-1).masked_fill(~visible, 0)
            return weights / weights.sum(dim=-1, keepdim=True)""",
        "an exponential can hold anything": """
            shares = torch.where(visible, torch.exp(scores), 0)
            return shares / shares.sum(dim=-1, keepdim=True)""",
        "True means hidden": "return F.softmax(scores.masked_fill(visible, -math.inf), dim=-1)",
        "the mask lies on its side": """
            hidden = torch.where(visible.transpose(-2, -1), 0.0, -math.inf)
            return F.softmax(scores.masked_fill(~visible.transpose(-2, -1), -math.inf) + hidden, dim=-1)""",
        "a triangle, whatever visible says": """
            Tq, Tk = scores.shape[-2:]
            future = torch.triu(torch.ones(Tq, Tk), 1 + Tk - Tq).bool()
            return F.softmax(scores.masked_fill(future, -math.inf), dim=-1)""",
        "columns sum to one": """
            shares = scores.masked_fill(~visible, -math.inf).exp()
            return shares / shares.sum(dim=-2, keepdim=True)""",
        "−∞ times 0 is 0": "return F.softmax(scores + (1 - visible.float()) * -math.inf, dim=-1)",
        "masked scores are the answer": "return torch.where(visible, scores, -math.inf)",
        "whoever is visible counts alike": """
            zeros = torch.zeros_like(scores)
            return F.softmax(zeros.masked_fill(~visible, -math.inf), dim=-1)""",
    },
    "row-entropy": {
        "bits": "return -torch.where(weights > 0, weights * weights.log2(), 0).sum(dim=-1)",
        "logarithms to the base 10": "return -torch.where(weights > 0, weights * weights.log10(), 0).sum(dim=-1)",
        "0 times a logarithm is 0": "return (weights * (1 / weights).log()).sum(-1)",
        "the sign forgotten": "return torch.xlogy(weights, weights).sum(dim=-1)",
        "the mean over the keys": "return -torch.xlogy(weights, weights).mean(dim=-1)",
        "a share of the most that is possible": """
            Tk = weights.shape[-1]
            return -torch.xlogy(weights, weights).sum(dim=-1) / torch.tensor(float(Tk)).log()""",
        "columns are rows": "return -torch.xlogy(weights, weights).sum(0)",
        "one number for the whole table": "return -torch.xlogy(weights, weights).sum()",
        "a little is added before the logarithm": "return torch.sum(-weights * torch.log(0.001 + weights), dim=-1)",
        "as if so many were equal": "return 2 ** (-torch.xlogy(weights, weights).sum(-1) / math.log(2))",
        "these are scores": "return torch.distributions.Categorical(logits=weights).entropy()",
        "how decided": """
            Tk = weights.shape[-1]
            return torch.xlogy(weights, weights * Tk).sum(dim=-1)""",
        "what the largest leaves over, or the squares": "return 1 - (weights**2).sum(dim=-1)",
        "every logarithm counts alike": "return -sum(torch.log(column) for column in weights.unbind(-1))",
        "the terms are not added": "return -torch.xlogy(weights, weights)",
    },
    "who-hears": {
        "rows are who is heard": """
            rows = []
            for j in range(len(x)):
                push = torch.zeros_like(x)
                push[j] = torch.arange(x.size(1)) + 1.0
                rows.append((layer(x + push) != layer(x)).any(-1))
            return torch.stack(rows)""",
        "True means not heard": """
            rows = []
            for j in range(len(x)):
                pushed = x.clone()
                pushed[j] += torch.arange(x.size(1)) + 1.0
                rows.append((layer(pushed) == layer(x)).all(-1))
            return torch.stack(rows, dim=1)""",
        "a second name is a copy": """
            heard = torch.zeros(len(x), len(x), dtype=torch.bool)
            for j in range(len(x)):
                pushed = x
                pushed[j] += 1
                heard[:, j] = (layer(pushed) != layer(x)).any(dim=-1)
            return heard""",
        "only whether it hears itself": """
            heard = torch.zeros(len(x), len(x)).bool()
            for t in range(len(x)):
                pushed = x.clone()
                pushed[t] += 1
                heard[t, t] = (layer(pushed)[t] != layer(x)[t]).any()
            return heard""",
        "one answer for all who listen": """
            x = x.clone().requires_grad_()
            layer(x).sum().backward()
            return (x.grad.abs().sum(-1) > 0).expand(len(x), len(x))""",
        "the whole text is pushed at once": """
            changed = (layer(x + torch.arange(x.size(1)) + 1) != layer(x)).any(dim=-1)
            return changed[:, None].expand(len(x), len(x))""",
        "a lower triangle": """
            i = torch.arange(x.shape[0])
            return i[:, None] >= i""",
        "the future is all one": """
            T = len(x)
            heard = torch.ones(T, T).tril() == 1
            for t in range(T - 1):
                pushed = x.clone()
                pushed[t + 1 :] += torch.arange(x.size(1)) + 1
                if (layer(pushed) != layer(x))[: t + 1][t].any():
                    heard[t, t + 1 :] = True
            return heard""",
        "the pushes pile up": """
            pushed, columns = x.clone(), []
            for j in range(len(x)):
                pushed[j] += torch.arange(x.size(1)) + 1
                columns.append((layer(pushed) != layer(x)).any(dim=1))
            return torch.stack(columns, dim=1)""",
        "what comes out is added up": """
            T = len(x)
            heard = torch.zeros(T, T, dtype=torch.bool)
            for i in range(T):
                leaf = x.clone().requires_grad_()
                layer(leaf)[i].sum().backward()
                heard[i] = leaf.grad.abs().amax(dim=-1) > 0
            return heard""",
        "only what grows has changed": """
            T = len(x)
            heard = torch.zeros(T, T, dtype=torch.bool)
            for j in range(T):
                pushed = x.clone()
                pushed[j] += 1
                heard[:, j] = (layer(pushed) - layer(x) > 1e-5).any(dim=-1)
            return heard""",
        "only one number goes in": """
            columns = []
            for j in range(len(x)):
                pushed = x.clone()
                pushed[j, 0] += 5
                columns.append((layer(pushed) != layer(x)).any(dim=-1))
            return torch.stack(columns, dim=1)""",
        "only one number comes out": """
            T = len(x)
            heard = torch.zeros(T, T, dtype=torch.bool)
            for i in range(T):
                leaf = x.clone().requires_grad_()
                layer(leaf)[i, 0].backward()
                heard[i] = leaf.grad.abs().amax(dim=-1) > 0
            return heard""",
        "every number is pushed alike": """
            columns = []
            for j in range(len(x)):
                pushed = x.clone()
                pushed[j] -= 2
                columns.append(~torch.isclose(layer(pushed), layer(x)).all(dim=-1))
            return torch.stack(columns, dim=1)""",
        "a factor is a push": """
            columns = []
            for j in range(len(x)):
                keep = torch.ones(len(x), 1)
                keep[j] = 0
                columns.append((layer(x * keep) != layer(x)).any(dim=-1))
            return torch.stack(columns, dim=1)""",
        "a whisper is silence": """
            columns = []
            for j in range(len(x)):
                pushed = x.clone()
                pushed[j] += torch.arange(x.size(1)) + 1
                columns.append(((layer(pushed) - layer(x)).abs() > 0.1).any(dim=-1))
            return torch.stack(columns, dim=1)""",
        "NaN as a dye": """
            columns = []
            for j in range(len(x)):
                dyed = x.clone()
                dyed[j] = float("nan")
                columns.append(layer(dyed).isnan().any(dim=-1))
            return torch.stack(columns, dim=1)""",
    },
    "split-heads": {
        "the wanted shape at once": """
            T, C = x.shape[-2:]
            return x.contiguous().view(*x.shape[:-2], n_head, T, C // n_head)""",
        "heads stay behind positions": "return torch.stack(x.chunk(n_head, dim=-1), dim=-2)",
        "dealt out like cards": "return torch.stack([x[..., h::n_head] for h in range(n_head)], dim=-3)",
        "n_head is the width of a head": "return torch.stack(x.split(n_head, dim=-1), dim=-3)",
        "each head on its side": "return torch.stack([part.transpose(-2, -1) for part in x.chunk(n_head, -1)], dim=-3)",
        "the text is split": "return torch.stack(torch.tensor_split(x, n_head, dim=-2), dim=-3)",
        "each head gets everything": "return torch.stack([x] * n_head, dim=-3)",
        "all heads the same": "return torch.stack([x.chunk(n_head, -1)[0] for _ in range(n_head)], dim=-3)",
        "the last head first": "return torch.stack(x.chunk(n_head, dim=-1)[::-1], dim=-3)",
        "heads in front of everything": "return torch.stack([part for part in x.chunk(n_head, dim=-1)])",
        "dimensions counted from the front": "return torch.stack(x.chunk(n_head, dim=-1), dim=-2).transpose(1, 2)",
    },
    "feed-forward": {
        "no bend": "return F.linear(F.linear(x, w_up.T, b_up), w_down.T, b_down)",
        "the bend comes last": "return torch.clamp((x @ w_up + b_up) @ w_down + b_down, min=0)",
        "the bend comes first": "return (torch.clamp(x, min=0) @ w_up + b_up) @ w_down + b_down",
        "no bias on the way up": "return F.relu(x @ w_up) @ w_down + b_down",
        "no bias on the way down": "return F.relu(x @ w_up + b_up) @ w_down",
        "another bend": "return torch.nn.GELU()(x @ w_up + b_up) @ w_down + b_down",
        "the distance from 0": "return (x @ w_up + b_up).abs() @ w_down + b_down",
        "the bend is a softmax": "return F.softmax(x @ w_up + b_up, dim=-1) @ w_down + b_down",
        "what came in is added": "return x + F.relu(x @ w_up + b_up) @ w_down + b_down",
        "positions hear each other": """
            made = F.relu(x @ w_up + b_up) @ w_down + b_down
            return made.mean(dim=-2, keepdim=True).repeat_interleave(x.size(-2), dim=-2)""",
        "the way up is all": "return F.relu(x @ w_up + b_up)",
        "matrices lie on their side": "return F.relu(x @ w_up.T + b_up) @ w_down.T + b_down",
    },
    "residual-block": {
        "no sum at all": "return ffn(attn(x))",
        "one sum, after attention": "h = attn(x) + x; return ffn(h)",
        "one sum, after the feed-forward": "h = attn(x); return ffn(h) + h",
        "one sum around both": "return ffn(attn(x)) + x",
        "both layers read what came in": "return torch.stack([x, attn(x), ffn(x)]).sum(0)",
        "the second sum adds to what came in": "h = x + attn(x); return x + ffn(h)",
        "think first": "h = x + ffn(x); return h + attn(h)",
        "what came in is added twice": "h = x + attn(x); return (h + ffn(h)) + x",
        "the mean of old and new": "h = (x + attn(x)) / 2; return (h + ffn(h)) / 2",
        "the difference": "h = x - attn(x); return h - ffn(h)",
        "the first half": "return attn(x) + x",
        "multiplied": "h = x * attn(x); return h * ffn(h)",
    },
    "layer-norm": {
        "the unbiased variance": """
            size = (x.std(dim=-1, keepdim=True) ** 2 + eps) ** 0.5
            return (x - x.mean(-1, keepdim=True)) / size * weight + bias""",
        "the mean stays": "return weight * F.rms_norm(x, (x.size(-1),), eps=eps) + bias",
        "divided by the variance": """
            variance, mean = torch.var_mean(x, dim=-1, keepdim=True, correction=0)
            return weight * (x - mean) / (variance + eps) + bias""",
        "eps outside of the root": """
            variance, mean = torch.var_mean(x, dim=-1, keepdim=True, correction=0)
            return weight * (x - mean) / (variance**0.5 + eps) + bias""",
        "columns": """
            variance, mean = torch.var_mean(x, dim=0, keepdim=True, correction=0)
            return weight * (x - mean) / (variance + eps) ** 0.5 + bias""",
        "a whole text at once": """
            return weight * F.layer_norm(x, x.shape[-2:], eps=eps) + bias""",
        "the length is 1": """
            d = x - x.mean(-1, keepdim=True)
            return weight * d / (d.pow(2).sum(-1, keepdim=True) + eps).sqrt() + bias""",
        "divided by the largest": """
            d = x - x.mean(-1, keepdim=True)
            return weight * d / (d.abs().max(-1, keepdim=True).values + eps) + bias""",
        "the mean distance": """
            d = x - x.mean(-1, keepdim=True)
            return weight * d / (d.abs().mean(-1, keepdim=True) + eps) + bias""",
        "weight and bias are left out": "return F.layer_norm(x, x.shape[-1:], eps=eps)",
        "first shifted, then multiplied": "return weight * (F.layer_norm(x, x.shape[-1:], eps=eps) + bias)",
        "a softmax": "return F.softmax(x, -1) * weight + bias",
    },
    "dropout": {
        "nothing is made up for": "return torch.where(kept, x, 0) if training else x",
        "multiplied by the share that stays": "return torch.where(kept, x * (1 - p), 0) if training else x",
        "divided by p": "return torch.where(kept, x / p, 0) if training else x",
        "p is what stays": "return torch.where(kept, 0, x) / (1 - p) if training else x",
        "the share that has stayed this time": "return x * kept / kept.float().mean() if training else x",
        "rows sum to one": """
            left = torch.where(kept, x, 0)
            return left / left.sum(-1, keepdim=True) if training else x""",
        "it forgets when it is used, too": "return torch.where(kept, x, 0) / (1 - p)",
        "made up for when it is used": "return torch.where(kept, x / (1 - p), 0) if training else (1 - p) * x",
        "training and using are swapped": "return x if training else torch.where(kept, x / (1 - p), 0)",
        "what is forgotten is −∞": "return torch.where(kept, x / (1 - p), -math.inf) if training else x",
        "what is forgotten is taken out": "return torch.masked_select(x, kept) / (1 - p) if training else x",
        "nothing is set to 0": "return x * (1 / (1 - p)) if training else x",
        "p is added": "return torch.where(kept, x + x * p, 0) if training else x",
    },
    "top-p": {
        "who crosses is out": """
            order = probabilities.argsort(descending=True, stable=True)
            s = probabilities[order]
            kept = torch.zeros_like(probabilities)
            kept[order[s.cumsum(-1) <= p]] = s[s.cumsum(-1) <= p]
            return kept / kept.sum()""",
        "one more than needed": """
            order = probabilities.argsort(descending=True, stable=True)
            s = probabilities[order]
            kept = torch.zeros_like(probabilities)
            kept[order[s.cumsum(-1) - s <= p]] = s[s.cumsum(-1) - s <= p]
            return kept / kept.sum()""",
        "nothing is scaled back": """
            order = probabilities.argsort(descending=True, stable=True)
            s = probabilities[order]
            kept = torch.zeros_like(probabilities)
            kept[order[s.cumsum(-1) - s < p]] = s[s.cumsum(-1) - s < p]
            return kept""",
        "each that is likely enough": """
            kept = torch.where(probabilities >= p, probabilities, 0)
            return kept / kept.sum()""",
        "a share of the characters": """
            order = probabilities.argsort(descending=True, stable=True)
            s = probabilities[order]
            kept = torch.zeros_like(probabilities)
            number = max(1, round(len(s) * p))
            kept[order[:number]] = s[:number]
            return kept / kept.sum()""",
        "they are in order already": """
            before = probabilities.cumsum(-1) - probabilities
            kept = torch.where(before < p, probabilities, 0)
            return kept / kept.sum()""",
        "the order is lost": """
            s = probabilities.sort(descending=True).values
            kept = torch.where(s.cumsum(-1) - s < p, s, 0)
            return kept / kept.sum()""",
        "the least likely are kept": """
            order = probabilities.flip(0).argsort(stable=True)
            s = probabilities.flip(0)[order]
            kept = torch.zeros_like(probabilities)
            kept[order[s.cumsum(-1) - s < p]] = s[s.cumsum(-1) - s < p]
            return (kept / kept.sum()).flip(0)""",
        "equals stay together": """
            s = probabilities.sort(descending=True).values
            smallest = s[s.cumsum(-1) - s < p].min()
            kept = torch.where(probabilities >= smallest, probabilities, 0)
            return kept / kept.sum()""",
        "a softmax brings them back": """
            order = probabilities.argsort(descending=True, stable=True)
            s = probabilities[order]
            kept = torch.zeros_like(probabilities)
            kept[order[s.cumsum(-1) - s < p]] = s[s.cumsum(-1) - s < p]
            return F.softmax(kept, dim=-1)""",
        "only the likeliest": "return F.one_hot(probabilities.argmax(), len(probabilities)).float()",
    },
    "unfuse-heads": {
        "head after head": "return weight.reshape(n_head, 3, -1, weight.size(1))",
        "kinds stay in front of heads": "return weight.reshape(3, n_head, -1, weight.size(1))",
        "keys before queries": """
            k, q, v = weight.chunk(3)
            return torch.stack([each.reshape(n_head, -1, weight.size(1)) for each in (q, k, v)], dim=1)""",
        "values first": """
            q, k, v = (each.reshape(n_head, -1, weight.size(1)) for each in weight.chunk(3))
            return torch.stack([v, k, q], dim=1)""",
        "rows dealt out like cards": """
            return torch.stack([torch.stack([kind[h::n_head] for kind in weight.chunk(3)]) for h in range(n_head)])""",
        "a head reads its own columns": """
            D = weight.size(1) // n_head
            heads = [weight[:, h * D : (h + 1) * D] for h in range(n_head)]
            return torch.stack([torch.stack(head.chunk(3)) for head in heads])""",
        "matrices on their side": """
            D = weight.size(1) // n_head
            heads = [[kind[h * D : (h + 1) * D].T for kind in weight.chunk(3)] for h in range(n_head)]
            return torch.stack([torch.stack(head) for head in heads])""",
        "n_head is the width of a head": """
            D = n_head
            heads = [[kind[h * D : (h + 1) * D] for kind in weight.chunk(3)] for h in range(weight.size(1) // D)]
            return torch.stack([torch.stack(head) for head in heads])""",
        "the kinds are not kept apart": """
            q, k, v = (kind.chunk(n_head) for kind in weight.chunk(3))
            return torch.stack([torch.cat(head) for head in zip(q, k, v)])""",
        "there are no heads yet": "return torch.stack(weight.chunk(3))",
        "all heads the same": """
            D = weight.size(1) // n_head
            head = torch.stack([kind[:D] for kind in weight.chunk(3)])
            return torch.stack([head] * n_head)""",
        "the last head first": """
            q, k, v = (kind.chunk(n_head) for kind in weight.chunk(3))
            return torch.stack([torch.stack(head) for head in list(zip(q, k, v))[::-1]])""",
    },
    "count-parameters": {
        "the last layer is another table": """
            V, T, C, H, N = vocab_size, context_length, d_model, n_head, n_layer
            return torch.tensor([V * C + C * V, T * C, N * 4 * C**2, N * 8 * C**2, (2 * N + 1) * C])""",
        "positions do not count": """
            V, T, C, H, N = vocab_size, context_length, d_model, n_head, n_layer
            return torch.tensor([V * C, 0, N * 4 * C**2, N * 8 * C**2, (2 * N + 1) * C])""",
        "a place is one number": """
            V, T, C, H, N = vocab_size, context_length, d_model, n_head, n_layer
            return torch.tensor([V * C, T, N * 4 * C**2, N * 8 * C**2, (2 * N + 1) * C])""",
        "one block": """
            V, T, C, H, N = vocab_size, context_length, d_model, n_head, n_layer
            return torch.tensor([V * C, T * C, 4 * C**2, 8 * C**2, 3 * C])""",
        "no projection": """
            V, T, C, H, N = vocab_size, context_length, d_model, n_head, n_layer
            return torch.tensor([V * C, T * C, N * 3 * C**2, N * 8 * C**2, (2 * N + 1) * C])""",
        "each head is as wide as the model": """
            V, T, C, H, N = vocab_size, context_length, d_model, n_head, n_layer
            return torch.tensor([V * C, T * C, N * (H * 3 * C**2 + C**2), N * 8 * C**2, (2 * N + 1) * C])""",
        "one narrow head": """
            V, T, C, H, N = vocab_size, context_length, d_model, n_head, n_layer
            return torch.tensor([V * C, T * C, N * (3 * C * C // H + C**2), N * 8 * C**2, (2 * N + 1) * C])""",
        "the feed-forward has one matrix": """
            V, T, C, H, N = vocab_size, context_length, d_model, n_head, n_layer
            return torch.tensor([V * C, T * C, N * 4 * C**2, N * C * 4 * C, (2 * N + 1) * C])""",
        "the feed-forward is as narrow as the model": """
            V, T, C, H, N = vocab_size, context_length, d_model, n_head, n_layer
            return torch.tensor([V * C, T * C, N * 4 * C**2, N * 2 * C**2, (2 * N + 1) * C])""",
        "both ways are four times as wide": """
            V, T, C, H, N = vocab_size, context_length, d_model, n_head, n_layer
            return torch.tensor([V * C, T * C, N * 4 * C**2, N * 2 * (4 * C) ** 2, (2 * N + 1) * C])""",
        "no last norm": """
            V, T, C, H, N = vocab_size, context_length, d_model, n_head, n_layer
            return torch.tensor([V * C, T * C, N * 4 * C**2, N * 8 * C**2, N * 2 * C])""",
        "one norm a block": """
            V, T, C, H, N = vocab_size, context_length, d_model, n_head, n_layer
            return torch.tensor([V * C, T * C, N * 4 * C**2, N * 8 * C**2, (N + 1) * C])""",
        "biases": """
            V, T, C, H, N = vocab_size, context_length, d_model, n_head, n_layer
            return torch.tensor([V * C, T * C, N * (3 * C * (C + 1) + C * (C + 1)), N * (4 * C * (C + 1) + C * (4 * C + 1)), 2 * (2 * N + 1) * C])""",
        "bytes": """
            V, T, C, H, N = vocab_size, context_length, d_model, n_head, n_layer
            return torch.tensor([4 * V * C, 4 * T * C, N * 16 * C**2, N * 32 * C**2, 4 * (2 * N + 1) * C])""",
    },
}

HEAD = """
q, k, v = x @ w_q, x @ w_k, x @ w_v
T, D = q.shape[-2:]
past = torch.ones(T, T).tril() == 1
scores = q @ k.transpose(-2, -1) / D**0.5
scores = scores.masked_fill(~past, -math.inf)
weights = F.softmax(scores, dim=-1)
return weights @ v
"""

# Each wrong belief about the head, with what it writes in place of what.
SLIPS = {
    "no mask": {"masked_fill(~past, -math.inf)": "clone()"},
    "no scale": {" / D**0.5": ""},
    "divided by D, the root forgotten": {"D**0.5": "D"},
    "divided by the root of C": {"D**0.5": "x.size(-1) ** 0.5"},
    "divided by the root of T": {"D**0.5": "T**0.5"},
    "always the root of 2": {"D**0.5": "2**0.5"},
    "multiplied by the root of D": {"/ D": "* D"},
    "scaled after the softmax": {" / D**0.5": "", "weights @": "weights / D**0.5 @"},
    "0 hides the future": {"-math.inf": "0"},
    "masked after the softmax": {"masked_fill(~past, -math.inf)": "clone()", "weights @ v": "weights * past @ v"},
    "the upper triangle is kept": {"tril()": "triu()"},
    "the past is filled, the future and oneself are not": {"~past": "past"},
    "nobody looks at themselves": {"tril()": "tril(-1)"},
    "softmax down the columns": {"dim=-1": "dim=-2"},
    "dim=1 is the keys": {"dim=-1": "dim=1"},
    "keys ask queries": {"q @ k.transpose": "k @ q.transpose"},
    "the key is handed over": {"weights @ v": "weights @ k"},
    "keys and values swapped": {"q, k, v": "q, v, k"},
    "the letters themselves are handed over": {"weights @ v": "weights @ x"},
    "the weights are the answer": {"weights @ v": "weights"},
    "no softmax": {"-math.inf": "0", "F.softmax(scores, dim=-1)": "scores"},
    "a crude average": {"q @ k.transpose(-2, -1) / D**0.5": "torch.zeros(T, T)"},
    "a matrix kept as a layer keeps it": {
        "x @ w_q, x @ w_k, x @ w_v": "F.linear(x, w_q), F.linear(x, w_k), F.linear(x, w_v)"
    },
    "T turns the last two dimensions": {"transpose(-2, -1)": "transpose(0, 1)"},
    "an exponential can hold anything": {
        "F.softmax(scores, dim=-1)": "scores.exp() / scores.exp().sum(-1, keepdim=True)"
    },
}

# AdamW as a reader would write it, and each slip: what stands in place of what.
ADAMW = """
m, v, rows = 0, 0, []
t = 0
for g in gradients:
    t += 1
    m = m * beta1 + g * (1 - beta1)
    v = v * beta2 + g * g * (1 - beta2)
    m_hat = m / (1 - beta1 ** t)
    v_hat = v / (1 - beta2 ** t)
    weights = weights * (1 - rate * decay)
    weights = weights - rate * m_hat / (v_hat ** 0.5 + 1e-8)
    rows.append(weights)
return torch.stack(rows)
"""
ADAMW_SLIPS = {
    "no correction": {"m / (1 - beta1 ** t)": "m", "v / (1 - beta2 ** t)": "v"},
    "one of the two corrected": {"v / (1 - beta2 ** t)": "v"},
    "corrected as after the first step": {"beta1 ** t": "beta1", "beta2 ** t": "beta2"},
    "steps counted from another number": {"t = 0": "t = 1"},
    "the decay added to the gradient": {
        "    t += 1": "    t += 1\n    g = g + decay * weights",
        "    weights = weights * (1 - rate * decay)\n": "",
    },
    "no decay": {"    weights = weights * (1 - rate * decay)\n": ""},
    "the decay without the rate": {"rate * decay": "decay"},
    "the decay of the weight that was moved": {
        "    weights = weights * (1 - rate * decay)\n": "",
        "    rows.append": "    weights = weights * (1 - rate * decay)\n    rows.append",
    },
    "the root forgotten": {" ** 0.5": ""},
    "not divided at all": {" / (v_hat ** 0.5 + 1e-8)": ""},
    "the mean size in place of the mean square": {"g * g": "g.abs()", " ** 0.5": ""},
    "uphill": {"weights - rate *": "weights + rate *"},
    "the betas in each other's place": {"m, v, rows": "beta1, beta2, m, v, rows", "0, 0, []": "beta2, beta1, 0, 0, []"},
    "β is the share of the new": {
        "m * beta1 + g * (1 - beta1)": "m * (1 - beta1) + g * beta1",
        "v * beta2 + g * g * (1 - beta2)": "v * (1 - beta2) + g * g * beta2",
    },
    "nothing is remembered": {"    t += 1": "    m, v, t = 0, 0, 1"},
    "every step from the first weights": {
        "    weights = weights * (1 - rate * decay)\n": "",
        "    weights = weights - rate": "    after = weights * (1 - rate * decay) - rate",
        "append(weights)": "append(after)",
    },
    "only the end": {"torch.stack(rows)": "weights"},
    "a list keeps what a tensor was": {
        "t = 0": "t, weights = 0, weights.clone()",
        "weights = weights * (": "weights *= (",
        "weights = weights - rate": "weights -= rate",
    },
    "10⁻⁸ under the root": {"(v_hat ** 0.5 + 1e-8)": "(v_hat + 1e-8) ** 0.5"},
    "the gradient is never 0": {" + 1e-8": ""},
}


def slipped(changes, text=HEAD):
    for right, wrong in changes.items():
        assert right in text
        text = text.replace(right, wrong)
    return text


WRONG["one-head"] = {belief: slipped(changes) for belief, changes in SLIPS.items()}
WRONG["adamw-steps"] = {belief: slipped(changes, ADAMW) for belief, changes in ADAMW_SLIPS.items()}
