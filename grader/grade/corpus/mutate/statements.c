int f(int n, const char *s)
{
    for (int i = 0; i < n; i++) {
        if (s[i] == '\'' && n >= 0x1f)
            continue;
        *p += a ? b() : c(1, (2)); /* not < this */
    }
    do
        n--;
    while (n != 3e-4);
L:  return x.y->z[3] - 1;
}
